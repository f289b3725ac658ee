/**
 * Differential fuzzing of the proxy's parsers against Node's: what ours accept, Node has read as the same messages
 * with the same ends. Where ours are stricter, Node's opinion is not asked.
 */
import { isDeepStrictEqual } from 'node:util';
import { answer, chunks, Dice, relined, request, spiced } from './http-grammar.js';
import {
  answerByNode,
  answerByOurs,
  chunksByOurs,
  type ReadAnswer,
  type ReadMessage,
  requestsByNode,
  requestsByOurs,
} from './parsers.js';

/** @returns whether ours accepted it. @throws when Node has read something else */
type Check = (dice: Dice) => Promise<boolean>;

export const KINDS = {
  requests: checkRequests,
  answers: checkAnswers,
  chunks: checkChunks,
} as const satisfies Record<string, Check>;
export type FuzzKind = keyof typeof KINDS;

/** Inputs under way at once: Node's side waits for ticks. */
const BATCH = 64;

/**
 * @param from number of the first input
 * @returns how many of them ours accepted
 */
export async function fuzzParsers(
  kind: FuzzKind,
  seed: number,
  from: number,
  count: number,
): Promise<number> {
  let accepted = 0;
  for (let at = from; at < from + count; at += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, from + count - at) }, (_, index) => at + index);
    const results = await Promise.all(numbers.map((number) => checkOne(kind, seed, number)));
    for (const result of results) if (result) accepted += 1;
  }
  return accepted;
}

async function checkOne(kind: FuzzKind, seed: number, number: number): Promise<boolean> {
  try {
    return await KINDS[kind](new Dice((seed + Math.imul(number, 0x9e37_79b1)) >>> 0));
  } catch (error) {
    throw new Error(`${kind}, seed ${seed}, input ${number}: ${(error as Error).message}`, { cause: error });
  }
}

function damaged(dice: Dice, text: string): string {
  return spiced(dice, dice.chance(3) ? relined(dice, text) : text);
}

const SENTINEL = Buffer.from('GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n');
const SENTINEL_READ: ReadMessage = { start: 'GET /sentinel', fields: ['host: s'], body: '' };

async function checkRequests(dice: Dice): Promise<boolean> {
  const first = damaged(dice, request(dice));
  const text = first + (dice.chance(2) ? following(dice, first) : '');
  const bytes = Buffer.from(text, 'latin1');
  const ours = requestsByOurs(bytes);
  if (ours.messages.length === 0) return false;
  // Node must find the same messages, and the next one exactly where ours end.
  const closes = ours.messages.at(-1)?.fields.some((field) => /^connection: close$/i.test(field));
  const own = bytes.subarray(0, ours.length);
  const theirs = await requestsByNode(closes ? own : Buffer.concat([own, SENTINEL]));
  same(theirs, closes ? ours.messages : [...ours.messages, SENTINEL_READ], text);
  return true;
}

/** Another request, or another request line over the same lines, or nearly the same. */
function following(dice: Dice, before: string): string {
  if (dice.chance(2)) return damaged(dice, request(dice));
  const line = request(dice).split('\r\n', 1)[0] ?? '';
  const again = line + before.slice(Math.max(0, before.indexOf('\r\n')));
  return dice.chance(2) ? again : damaged(dice, again);
}

async function checkAnswers(dice: Dice): Promise<boolean> {
  const text = damaged(dice, answer(dice));
  const bytes = Buffer.from(text, 'latin1');
  const toHead = dice.chance(5);
  const ours = answerByOurs(bytes, piecesOf(dice), toHead);
  const atOnce = answerByOurs(bytes, [], toHead);
  same(read(ours), read(atOnce), text);
  if (!ours) return false;
  const theirs = await answerByNode(bytes, toHead);
  // Node throws an answer away when something comes behind it; ours counts, and its connection is closed.
  if (theirs || (ours.clean && atOnce?.clean)) same(theirs, read(ours), text);
  return true;
}

async function checkChunks(dice: Dice): Promise<boolean> {
  const text = damaged(dice, chunks(dice));
  const bytes = Buffer.from(text, 'latin1');
  const ours = chunksByOurs(bytes, piecesOf(dice));
  same(ours, chunksByOurs(bytes, []), text);
  if (!ours) return false;
  const head = Buffer.from('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  const theirs = await requestsByNode(Buffer.concat([head, bytes.subarray(0, ours.length), SENTINEL]));
  const fields = ['host: h', 'transfer-encoding: chunked'];
  same(theirs, [{ start: 'POST /', fields, body: ours.body }, SENTINEL_READ], text);
  return true;
}

function piecesOf(dice: Dice): readonly number[] {
  return dice.chance(2) ? [] : Array.from({ length: 40 }, () => 1 + dice.below(9));
}

/** Without what is known only at once: whether more came behind it. */
function read(one: ReadAnswer | undefined): ReadMessage | undefined {
  return one && { start: one.start, fields: one.fields, body: one.body };
}

function same(theirs: unknown, ours: unknown, text: string): void {
  if (isDeepStrictEqual(theirs, ours)) return;
  throw new Error(`${JSON.stringify(text)}\nours ${JSON.stringify(ours)}\nNode ${JSON.stringify(theirs)}`);
}
