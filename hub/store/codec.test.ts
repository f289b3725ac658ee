import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../core/model/json.js';
import { packageRoot } from '../../core/package-root.js';
import {
  dictColumn,
  listColumn,
  type PythonValue,
  pythonJson,
  readBytes,
  readDict,
  readList,
} from './codec.js';

interface Vector {
  readonly value: string;
  readonly stored: string | null;
}

const vectors = JSON.parse(
  readFileSync(join(packageRoot(), 'test/fixtures/crypto-vectors.json'), 'utf8'),
) as Readonly<Record<'json_dict' | 'json_list', readonly Vector[]>>;

/** The vectors give their input as Python wrote it; here is the same in JavaScript. */
const INPUT: Readonly<Record<string, PythonValue>> = {
  '{}': {},
  "{'pid': 4321}": { pid: 4321 },
  "{'a': [1, 2.5, None, True], 'ü': '☃'}": { a: [1, 2.5, null, true], ü: '☃' },
  "{'b': b'hello\\xff'}": { b: Buffer.from('hello\u00ff', 'latin1') },
  [`{'long': b'${'x'.repeat(80)}'}`]: { long: Buffer.alloc(80, 'x') },
  '[]': [],
  "['b', 'a']": ['b', 'a'],
  "('x',)": ['x'],
  "{'c', 'a', 'b'}": new Set(['c', 'a', 'b']),
};

describe('JSON columns', () => {
  for (const { value, stored } of [...vectors.json_dict, ...vectors.json_list]) {
    if (value === 'None') continue;
    it(`writes ${value.slice(0, 40)} as Python does`, () => {
      expect(Object.keys(INPUT)).toContain(value);
      expect(pythonJson(INPUT[value])).toBe(stored);
    });
  }

  it('keeps None as NULL, and reads NULL as None and as the empty list', () => {
    expect(dictColumn(null)).toBeNull();
    expect(readDict(null)).toBeNull();
    expect(readList(null)).toEqual([]);
  });

  it('escapes what Python escapes', () => {
    expect(pythonJson('é🦊\u007f"\\\n</')).toBe('"\\u00e9\\ud83e\\udd8a\\u007f\\"\\\\\\n</"');
    expect(pythonJson({ a: undefined, b: Number.NaN })).toBe('{"b": null}');
    expect(listColumn(new Set(['\u{1f98a}', '\uffff']))).toBe('["\\uffff", "\\ud83e\\udd8a"]');
  });

  it('reads bytes back', () => {
    const stored = pythonJson({ b: Buffer.from([0, 255, 10]) });
    const read = readDict(stored);
    expect([...(readBytes(read?.['b']) ?? [])]).toEqual([0, 255, 10]);
    expect(readBytes('no bytes')).toBeUndefined();
    // A record that is read and written again stays as it was.
    expect(dictColumn(read)).toBe(stored);
  });

  it('gives back every JSON value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonObject;
        const stored = pythonJson(plain);
        expect(stored).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(stored)).toEqual(plain);
      }),
    );
  });

  it('reads what others may have written, and says when it is no JSON', () => {
    expect(readDict('{"a":1}')).toEqual({ a: 1 });
    expect(readDict('')).toBeNull();
    expect(readDict('[1]')).toBeNull();
    expect(readList('["a", 1, null, "b"]')).toEqual(['a', 'b']);
    expect(readList('"a"')).toEqual([]);
    expect(() => readDict('{broken')).toThrow('not valid JSON');
  });
});
