import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** docs/templates.md tells sites which blocks they can replace: the page and the templates name the same ones. */
const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/templates.md'), 'utf8');

function listed(name: string): readonly string[] {
  const [, rest = ''] = page.split('| template | blocks |');
  const [blocks = ''] = rest.split('\n\n');
  for (const [, names = '', cell = ''] of blocks.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)) {
    if (names.split(', ').includes(name)) return cell.split(', ');
  }
  return [];
}

describe('docs/templates.md', () => {
  const templates = readdirSync(join(ROOT, 'templates')).filter((file) => file.endsWith('.hbs'));

  it.each(templates)('lists the blocks of %s', (file) => {
    const source = readFileSync(join(ROOT, 'templates', file), 'utf8');
    const blocks = [...source.matchAll(/\{\{#> ([a-z0-9_]+)\}\}/g)].map(([, name = '']) => name);
    expect([...listed(file.replace('.hbs', ''))].sort()).toEqual([...new Set(blocks)].sort());
  });
});
