import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * configurable-http-proxy 5.3.0's own test suite has 65 behaviours, numbered here in its order (API, command line, proxy,
 * store, trie). Each is shown by a test of ours that has its number in its title; those of classes that we do not offer stand
 * in docs/compatibility.md.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const SHOWN_IN: ReadonlyArray<readonly [file: string, first: number, last: number]> = [
  ['test/compat/proxy-chp.test.ts', 3, 21],
  ['test/compat/proxy-chp.test.ts', 23, 29],
  ['test/compat/proxy-chp-flags.test.ts', 30, 31],
  ['test/compat/proxy-chp.test.ts', 32, 46],
  ['proxy/server/routes/store.test.ts', 47, 58],
  ['proxy/server/routes/trie.test.ts', 60, 60],
  ['proxy/server/routes/trie.test.ts', 62, 65],
];
const NOT_OFFERED = [1, 2, 22, 59, 61];
const ALL = Array.from({ length: 65 }, (_, index) => index + 1);

function numbersIn(file: string): ReadonlySet<number> {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = new Set<number>();
  for (const [, list = ''] of text.matchAll(/\bit\(\s*'((?:\d+(?:-\d+)?(?:, )?)+):/g)) {
    for (const part of list.split(', ')) {
      const [first = 0, last = first] = part.split('-').map(Number);
      for (let number = first; number <= last; number += 1) found.add(number);
    }
  }
  return found;
}

describe('configurable-http-proxy’s own behaviours', () => {
  it('are all accounted for, once', () => {
    const shown = SHOWN_IN.flatMap(([, first, last]) => ALL.filter((each) => each >= first && each <= last));
    expect([...shown, ...NOT_OFFERED].sort((one, other) => one - other)).toEqual(ALL);
  });

  it.each(SHOWN_IN)('%s shows %i to %i', (file, first, last) => {
    const wanted = ALL.filter((each) => each >= first && each <= last);
    const found = numbersIn(file);
    expect(wanted.filter((number) => !found.has(number))).toEqual([]);
  });

  it('that belong to classes we do not offer are told', () => {
    const page = readFileSync(join(ROOT, 'docs/compatibility.md'), 'utf8');
    expect(page).toContain(`its test suite's ${NOT_OFFERED.join(', ')}`);
  });
});
