/**
 * Differential fuzzing: whatever our parsers accept, Node's parser has read as the same messages with the same ends.
 * A seed and a count from the environment make a longer run by hand: FUZZ_SEED, FUZZ_COUNT.
 */
import { describe, expect, it } from 'vitest';
import {
  answerByNode,
  answerByOurs,
  type ReadAnswer,
  type ReadMessage,
  requestsByNode,
  requestsByOurs,
} from '../../../../test/support/parsers.js';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 4000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122);

/** A small generator of its own, so that a failing input can be made again from its number. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  below(limit: number): number {
    // xorshift32
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
}

const SPICE = [
  '\r',
  '\n',
  '\r\n',
  '\n\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\u000b',
  '\u000c',
  '\u0085',
  '\u00a0',
  '\u00ff',
  '\u007f',
  '0',
  '1',
  '5',
  'a',
  'F',
  '+',
  '-',
  '"',
  '\\',
  '%',
  '#',
  '?',
  '/',
  '\r\n ',
  '\r\n\t',
  '\r\n\r\n',
  'chunked',
  'close',
];

/** A few octets put in, taken out, doubled or replaced. */
function spiced(dice: Dice, text: string): string {
  let out = text;
  for (let times = dice.below(3); times > 0; times -= 1) {
    const at = dice.below(out.length + 1);
    const length = dice.below(4);
    switch (dice.below(4)) {
      case 0:
        out = out.slice(0, at) + dice.pick(SPICE) + out.slice(at);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 2:
        out = out.slice(0, at) + dice.pick(SPICE) + out.slice(at + length);
        break;
      default:
        out = out.slice(0, at + length) + out.slice(at);
    }
  }
  return out;
}

const FIELD_NAMES = [
  'X-A',
  'accept',
  'Cookie',
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Host',
  '__proto__',
  'Keep-Alive',
  'TE',
];
const FIELD_VALUES = [
  '',
  'a',
  'a, b',
  ' b ',
  '\tc',
  '0',
  '3',
  '03',
  '+3',
  '3, 3',
  'chunked',
  'keep-alive',
  'close',
  'identity',
  'x:y',
  '\u00e4',
];

function fields(dice: Dice): string {
  // Half of the messages are tame but for what is done to them afterwards.
  if (dice.chance(2))
    return dice.pick(['', 'X-A: b\r\n', 'Accept:  a, b\t\r\nX-B:\r\n', 'Connection: keep-alive\r\n']);
  let text = '';
  for (let count = dice.below(4); count > 0; count -= 1) {
    text += `${dice.pick(FIELD_NAMES)}:${dice.pick(['', ' ', '  ', '\t'])}${dice.pick(FIELD_VALUES)}\r\n`;
  }
  return text;
}

function request(dice: Dice): string {
  const body = dice.pick([
    '',
    '',
    '',
    'a',
    'abc',
    'GET / HTTP/1.1\r\nHost: i\r\n\r\n',
    '3\r\nabc\r\n0\r\n\r\n',
  ]);
  const usual = dice.chance(2) ? 'POST' : 'GET';
  const method = dice.chance(3)
    ? dice.pick(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'get', 'CONNECT'])
    : usual;
  const path = dice.chance(2)
    ? '/a/b?c=d'
    : dice.pick(['/', '/a/b?c=d', '//x', '/%41', '/a b', '*', 'http://h/p', '/\u00e4', '/{}|"']);
  const length = body === '' && dice.chance(2) ? '' : `Content-Length: ${body.length}\r\n`;
  const framing = dice.chance(6) ? 'Transfer-Encoding: chunked\r\n' : length;
  const host = dice.chance(12) ? '' : 'Host: h\r\n';
  return `${method} ${path} HTTP/1.${dice.pick(['1', '1', '1', '0'])}\r\n${host}${fields(dice)}${framing}\r\n${body}`;
}

function chunks(dice: Dice): string {
  let text = '';
  for (let count = dice.below(4); count > 0; count -= 1) {
    const data = 'x'.repeat(1 + dice.below(20));
    text += `${dice.pick(['', '0', '00'])}${data.length.toString(16)}${dice.pick(['', '', ';a', ';a=b', ' '])}\r\n${data}\r\n`;
  }
  return `${text}0${dice.pick(['', ';z'])}\r\n${dice.pick(['', '', 'T: u\r\n', ' f\r\n'])}\r\n`;
}

function answer(dice: Dice): string {
  const status = dice.pick([
    '200 OK',
    '200 ',
    '200',
    '404 Not Found',
    '204 No Content',
    '304 NM',
    '302 \u00e4',
    '099 X',
    '1000 X',
  ]);
  const interim = dice.chance(8)
    ? dice.pick(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 E\r\nLink: a\r\n\r\n'])
    : '';
  const body = 'y'.repeat(dice.below(30));
  const framed = dice.pick([
    `Content-Length: ${body.length}\r\n\r\n${body}`,
    `Content-Length: ${body.length}\r\n\r\n${body}`,
    `Transfer-Encoding: chunked\r\n\r\n${chunks(dice)}`,
    `Transfer-Encoding: chunked\r\n\r\n${chunks(dice)}`,
    `\r\n${body}`,
  ]);
  return `${interim}HTTP/1.${dice.pick(['1', '1', '1', '0'])} ${status}\r\n${fields(dice)}${framed}`;
}

/** Without what is known only at once: whether more came behind it. */
function read(answer: ReadAnswer | undefined): ReadMessage | undefined {
  return answer && { start: answer.start, fields: answer.fields, body: answer.body };
}

const SENTINEL = Buffer.from('GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n');
const SENTINEL_READ = { start: 'GET /sentinel', fields: ['host: s'], body: '' };

describe('differential fuzzing', () => {
  it(`of requests, ${COUNT} inputs`, async () => {
    let accepted = 0;
    for (let number = 0; number < COUNT; number += 1) {
      const dice = new Dice(SEED + number * 7919);
      const text = spiced(dice, request(dice)) + (dice.chance(2) ? spiced(dice, request(dice)) : '');
      const bytes = Buffer.from(text, 'latin1');
      const ours = requestsByOurs(bytes);
      if (ours.messages.length === 0) continue;
      accepted += 1;
      // Node must find the same messages, and the next one exactly where ours end.
      const last = ours.messages.at(-1)?.fields.some((field) => /^connection: close$/i.test(field));
      const own = bytes.subarray(0, ours.length);
      const theirs = await requestsByNode(last ? own : Buffer.concat([own, SENTINEL]));
      const expected = last ? ours.messages : [...ours.messages, SENTINEL_READ];
      expect(theirs, `input ${number}: ${JSON.stringify(text)}`).toEqual(expected);
    }
    // A parser that refuses everything would pass too.
    expect(accepted).toBeGreaterThan(COUNT / 20);
  }, 3_600_000);

  it(`of answers, ${COUNT} inputs`, async () => {
    let accepted = 0;
    for (let number = 0; number < COUNT; number += 1) {
      const dice = new Dice(SEED + number * 104_729);
      const text = spiced(dice, answer(dice));
      const bytes = Buffer.from(text, 'latin1');
      const toHead = dice.chance(5);
      const pieces = dice.chance(2) ? [] : Array.from({ length: 40 }, () => 1 + dice.below(9));
      const ours = answerByOurs(bytes, pieces, toHead);
      const atOnce = answerByOurs(bytes, [], toHead);
      expect(read(ours), `input ${number} in pieces: ${JSON.stringify(text)}`).toEqual(read(atOnce));
      if (!ours) continue;
      accepted += 1;
      const theirs = await answerByNode(bytes, toHead);
      // Node throws an answer away when something comes behind it; ours counts, and its connection is closed.
      if (!theirs && !(ours.clean && atOnce?.clean)) continue;
      expect(theirs, `input ${number}: ${JSON.stringify(text)}`).toEqual(read(ours));
    }
    expect(accepted).toBeGreaterThan(COUNT / 20);
  }, 3_600_000);
});
