/**
 * Differential fuzzing, a little of it: whatever our parsers accept, Node's parser has read as the same messages with
 * the same ends. A minute of it, or as long as one likes, is test/fuzz/proxy-parsers.test.ts.
 */
import { expect, it } from 'vitest';
import { type FuzzKind, fuzzParsers, KINDS } from '../../../test/support/parser-fuzz.js';

const SEED = 20_261_122;
const COUNT = 3000;

it.each(Object.keys(KINDS) as FuzzKind[])('Node reads what we accept of %s as we do', async (kind) => {
  // A parser that refuses everything would pass too.
  expect(await fuzzParsers(kind, SEED, 0, COUNT)).toBeGreaterThan(COUNT / 20);
});
