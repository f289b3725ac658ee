import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Handlebars from 'handlebars';
import { describe, expect, it } from 'vitest';
import { FILTERS_NOT_HERE } from '../../core/jinja/filters.js';
import { ABSENT, PAGE_FUNCTIONS } from '../../hub/pages/jinja-variables.js';

/** docs/templates.md tells sites which blocks they can replace and what they can print: it names what there is. */
const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/templates.md'), 'utf8');
const EVERYWHERE = new Set([
  'if',
  'unless',
  'each',
  'inline',
  't',
  'or',
  'eq',
  'concat',
  'static_url',
  'lang',
]);

function rows(heading: string): readonly (readonly [string, string])[] {
  const [, rest = ''] = page.split(heading);
  const [table = ''] = rest.split('\n\n');
  return [...table.matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].map(
    ([, name = '', cell = '']) => [name, cell] as const,
  );
}

function listed(name: string): readonly string[] {
  const row = rows('| template | blocks |').find(([names]) => names.split(', ').includes(name));
  return row?.[1].split(', ') ?? [];
}

const named = (text: string): readonly string[] =>
  [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

/** Variables that a page takes from outside: those inside of `each` belong to its items. */
function variablesOf(source: string): readonly string[] {
  const found = new Set<string>();
  class Names extends Handlebars.Visitor {
    #items = 0;
    override BlockStatement(block: hbs.AST.BlockStatement): void {
      const isLoop = (block.path as hbs.AST.PathExpression).original === 'each';
      for (const param of block.params) this.accept(param);
      if (isLoop) this.#items++;
      this.accept(block.program);
      if (isLoop) this.#items--;
      if (block.inverse) this.accept(block.inverse);
    }
    override PartialStatement(partial: hbs.AST.PartialStatement): void {
      for (const { value } of partial.hash?.pairs ?? []) this.accept(value);
    }
    override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
      this.accept(partial.program);
    }
    override PathExpression(path: hbs.AST.PathExpression): void {
      const [first, second] = path.parts.map(String);
      if (path.data && first === 'root') found.add(String(second));
      else if (!path.data && first !== undefined && this.#items === 0) found.add(first);
    }
  }
  new Names().accept(Handlebars.parse(source));
  return [...found].filter((name) => !EVERYWHERE.has(name)).sort();
}

describe('docs/templates.md', () => {
  const templates = readdirSync(join(ROOT, 'templates')).filter((file) => file.endsWith('.hbs'));

  it.each(templates)('lists the blocks of %s', (file) => {
    const source = readFileSync(join(ROOT, 'templates', file), 'utf8');
    const blocks = [...source.matchAll(/\{\{#> ([a-z0-9_]+)\}\}/g)].map(([, name = '']) => name);
    expect([...listed(file.replace('.hbs', ''))].sort()).toEqual([...new Set(blocks)].sort());
  });

  it.each(templates)('lists the variables of %s', (file) => {
    const source = readFileSync(join(ROOT, 'templates', file), 'utf8');
    const own = rows('| template | variables |').filter(([names]) =>
      names.split(', ').includes(file.replace('.hbs', '')),
    );
    const known = [
      ...rows('| variable | is |').map((row) => row.join(' ')),
      ...own.map(([, cell]) => cell),
    ].flatMap(named);
    expect(variablesOf(source).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('finds a variable that is not listed', () => {
    const source =
      '{{#> page.html}}{{#*inline "main"}}{{#if a}}{{#each b}}{{c}}{{@root.d}}{{/each}}{{e.f}}{{/if}}{{/inline}}{{/page.html}}';
    expect(variablesOf(source)).toEqual(['a', 'b', 'd', 'e']);
  });

  it('says what Jinja2 templates cannot have, and which functions they can', () => {
    for (const name of Object.keys(FILTERS_NOT_HERE)) expect(page).toContain(`\`${name}\``);
    for (const name of Object.keys(ABSENT)) expect(page).toContain(`\`${name}\``);
    for (const name of PAGE_FUNCTIONS.keys()) expect(page).toMatch(new RegExp(`\`${name}\\b`));
  });
});
