import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../model/json.js';
import { pyJson } from './pyjson.js';

interface Vectors {
  readonly json_dict: readonly { readonly stored: string | null }[];
  readonly json_list: readonly { readonly stored: string | null }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../../test/fixtures/crypto-vectors.json', import.meta.url), 'utf8'),
) as Vectors;

describe('pyJson', () => {
  const stored = [...vectors.json_dict, ...vectors.json_list].flatMap((row) => row.stored ?? []);
  it.each(stored)('writes a stored column again byte by byte: %s', (text) => {
    expect(pyJson(JSON.parse(text) as JsonValue)).toBe(text);
  });

  it('escapes astral characters as two units, and leaves DEL as it is', () => {
    expect(pyJson('\u{1f600}\u007f\n"\\')).toBe('"\\ud83d\\ude00\u007f\\n\\"\\\\"');
  });

  it('refuses what JSON cannot say', () => {
    expect(() => pyJson(Number.NaN)).toThrow(TypeError);
  });

  it('is JSON of the same value, in ASCII', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = pyJson(value as JsonValue);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect([...text].every((character) => character < '\u0080')).toBe(true);
      }),
    );
  });
});
