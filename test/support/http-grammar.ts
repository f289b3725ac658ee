/**
 * Messages that are nearly right, made from the grammar of HTTP/1.1 and then damaged in lines and octets, each from
 * a number: a failing one can be made again.
 */
/** A small generator of its own, so that a failing input can be made again from its number. */
export class Dice {
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
export function spiced(dice: Dice, text: string): string {
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
  'Expect',
  'Upgrade',
  'Trailer',
  'Proxy-Connection',
  'Content-Length ',
  'Content_Length',
  'x-\u00e4',
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
  'keep-alive, content-length',
  'websocket',
  'upgrade',
  '100-continue',
  '0, 0',
  '1e1',
  '9007199254740993',
  'chunked, chunked',
  'gzip, chunked',
  '"chunked"',
  'x\u0000y',
];

/** What is done to whole lines: doubled, swapped, folded, ended otherwise, their names in capitals. */
export function relined(dice: Dice, text: string): string {
  const lines = text.split('\r\n');
  for (let times = dice.below(3); times > 0; times -= 1) {
    const at = dice.below(lines.length);
    const line = lines[at] ?? '';
    switch (dice.below(5)) {
      case 0:
        lines.splice(at, 0, line);
        break;
      case 1:
        lines.splice(dice.below(lines.length), 0, ...lines.splice(at, 1));
        break;
      case 2:
        lines[at] = `${dice.pick([' ', '\t'])}${line}`;
        break;
      case 3:
        lines[at] = `${line}${dice.pick(['\n', '\r', ' ', '\t', '\r\r'])}`;
        break;
      default:
        lines[at] = dice.chance(2) ? line.toUpperCase() : line.toLowerCase();
    }
  }
  return lines.join('\r\n');
}

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

export function request(dice: Dice): string {
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

export function chunks(dice: Dice): string {
  let text = '';
  for (let count = dice.below(4); count > 0; count -= 1) {
    const data = 'x'.repeat(1 + dice.below(20));
    text += `${dice.pick(['', '0', '00'])}${data.length.toString(16)}${dice.pick(['', '', '', ';a', ';a=b', ' ', ';', ';a="b"', ';a b', ';a=b;c', '\t'])}\r\n${data}\r\n`;
  }
  return `${text}0${dice.pick(['', ';z'])}\r\n${dice.pick(['', '', 'T: u\r\n', 'Content-Length: 5\r\n', 'T:\r\nU: v\r\n', ' f\r\n', 'x\r\n'])}\r\n`;
}

export function answer(dice: Dice): string {
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
