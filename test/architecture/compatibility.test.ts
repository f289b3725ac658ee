import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../compat/conversations/differences.js';

/** Every difference of docs/compatibility.md names a test that is there, by its file and a part of its title. */
const ROOT = resolve(import.meta.dirname, '../..');
const [, chosen = ''] = readFileSync(join(ROOT, 'docs/compatibility.md'), 'utf8').split(
  '## Differences we chose',
);
const [prose = '', compared = ''] = chosen.split('### Answers compared in conversations');
const rows = [...prose.matchAll(/^\| (?!behaviour|---)(.+) \|$/gm)].map(([, row = '']) => row.split(' | '));

/** What is wrong with one name of the last column; undefined: nothing. */
function fault(name: string): string | undefined {
  const [file = '', title] = name.replace(/ \(both\)$/, '').split(': ');
  if (file === 'source') return existsSync(join(ROOT, title ?? '')) ? undefined : `no file ${title}`;
  const path = [`${file}.test.ts`, `test/${file}.test.ts`]
    .map((each) => join(ROOT, each))
    .find((each) => existsSync(each));
  if (path === undefined) return `no test file ${file}`;
  if (title === undefined) return undefined;
  const text = readFileSync(path, 'utf8').replaceAll('’', "'").replaceAll("\\'", "'");
  return text.includes(title) ? undefined : `no test with "${title}" in ${file}`;
}

describe('the differences we chose', () => {
  it('are listed', () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(fault('hub/nothing')).toBeDefined();
    expect(fault('hub/oauth/recorded: no such title (both)')).toBeDefined();
    expect(fault('source: hub/nothing.ts')).toBeDefined();
  });

  it.each(rows.map((row) => [row[0] ?? '', row] as const))('%s', (_behaviour, row) => {
    expect(row).toHaveLength(5);
    const names = row[4]?.split('; ') ?? [];
    expect(names.map(fault).filter((each) => each !== undefined)).toEqual([]);
  });
});

describe('the differences that conversations with both hubs show', () => {
  it('are listed as the comparison has them, and no other', () => {
    const listed = [...compared.matchAll(/^\| (?!difference|---)(.+) \|$/gm)].map(([, row]) => row);
    expect(listed).toEqual(ROWS.map(({ name, why }) => `${name} | ${why}`));
  });
});
