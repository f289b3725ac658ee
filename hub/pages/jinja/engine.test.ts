import { describe, expect, it } from 'vitest';
import type { TemplateFile } from '../template-files.js';
import { createJinja, type Variables } from './engine.js';

const OPTIONS = {
  find: () => undefined,
  whitespace: { trimBlocks: false, lstripBlocks: false },
  words: (key: string) => key,
  functions: new Map([['static_url', ['path', 'include_version']]]),
  absent: { auth_state: 'it is not shown', 'user.spawner': 'write default_server' },
};

function engine(files: Readonly<Record<string, string>>) {
  const named = Object.entries(files).map(([name, source]) => {
    const kind = name.endsWith('.hbs') ? 'hbs' : 'html';
    const page = name.replace(/\.hbs$/, '.html');
    return [page, { kind, name: page, path: `/site/${name}`, source } satisfies TemplateFile] as const;
  });
  return createJinja({ ...OPTIONS, files: new Map(named) });
}

function render(source: string, variables: Variables = {}, more: Readonly<Record<string, string>> = {}): string {
  const jinja = engine({ ...more, 'page.html': source });
  expect(jinja.faults).toEqual([]);
  return jinja.render('page.html', variables);
}

const faultsOf = (source: string) => engine({ 'page.html': source }).faults;

describe('a Jinja2 template', () => {
  it('smoke', () => {
    expect(render('{{ a }}{% if b %}x{% endif %}{{ a.upper() }}{{ [1,2]|join("-") }}', { a: '<b>', b: [] })).toBe('&lt;b&gt;&lt;B&gt;1-2');
  });
});
void faultsOf;
