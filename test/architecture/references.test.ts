import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Whoever reads a clone has the clone and nothing else: no file may send its reader to a place outside it. A fact
 * names its source instead: "JupyterHub 6.1.1 handlers/base.py", an RFC and its section.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const OWN_NAME = basename(import.meta.filename);
const NOT_OURS = new Set(['node_modules', 'dist', 'data', '.git', '.cache', '.venv', 'coverage']);
const BINARY = new Set(['.png', '.sqlite', '.woff2', '.ico', '.gz']);

const OUTSIDE: ReadonlyArray<readonly [what: string, pattern: RegExp]> = [
  ['notes kept outside the repository', /\b(?:contracts|spikes|seeds)\/[\w-]+\.(?:md|sql|json|txt)\b/],
  ['a document that is not here', /(?<![\w/-])(?:design|users|ui|style)\.md\b/],
  ['a numbered decision or section of such a document', /\b[Dd]ecision \d|\bdesign decision\b/],
  ['a section of a contract that is not here', /\bcontracts?:? (?:section|item|singleuser|hub|chp)\b/],
  ['a folder beside the repository', /\.\.\/shared\b/],
  ['a folder of one machine', /(?<![\w.])\/work\/|\/tmp\/(?:brief|wt-)/],
];

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile() && !BINARY.has(extname(entry.name)) && entry.name !== OWN_NAME) yield path;
  }
}

function findings(text: string): string[] {
  return OUTSIDE.filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
}

describe('references', () => {
  it('stay inside the repository', () => {
    const found: string[] = [];
    for (const path of files(ROOT)) {
      readFileSync(path, 'utf8')
        .split('\n')
        .forEach((line, index) => {
          for (const what of findings(line)) found.push(`${relative(ROOT, path)}:${index + 1}: ${what}`);
        });
    }
    expect(found).toEqual([]);
  });

  it.each([
    'see contracts/hub.md 3f',
    '(design decision: Spawner contract)',
    'Decision 10; protocol rule',
    'as ../shared/x says',
    'cp /work/x',
    'by design.md',
  ])('would see: %s', (line) => {
    expect(findings(line)).toHaveLength(1);
  });

  it.each(['/users/{name}/shared/{owner}', 'homes/work/here', 'docs/architecture.md', 'an xsrfDecision'])(
    'leaves alone: %s',
    (line) => {
      expect(findings(line)).toEqual([]);
    },
  );
});
