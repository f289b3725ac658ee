import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { driver } from '../../hub/store/sqlite/driver.js';

const ROOT = resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

const used = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
/** Left out by npm where this Node is older. */
const LEAST_NODE: Readonly<Record<string, number>> = { 'better-sqlite3-13': 22 };
const installed = used.filter(
  (name) => Number.parseInt(process.versions.node, 10) >= (LEAST_NODE[name] ?? 0),
);

describe('package.json', () => {
  it('has the version that the programs tell', () => {
    expect(ANTEROOM_VERSION).toBe(manifest.version);
  });

  // An installation whose native parts were not built, or a major that this Node cannot run, is seen here.
  it.each(installed)('names %s, which can be imported', async (name) => {
    const loaded: unknown = await import(name);
    expect(Object.keys(loaded as object)).not.toEqual([]);
  });

  it('has native parts that work', async () => {
    const database = new driver(':memory:');
    // Enough for statements to be collected: a build for other headers aborts then.
    for (let each = 0; each < 50_000; each += 1) database.prepare(`select ${each}`).get();
    expect(database.prepare('select 6 * 7 as answer').get()).toEqual({ answer: 42 });
    database.close();
    expect(typeof (await import('node-pty')).spawn).toBe('function');
  });

  it.each(Object.keys(manifest.devDependencies))('names %s, which is installed', (name) => {
    const require = createRequire(import.meta.url);
    const folders = require.resolve.paths(name) ?? [];
    const found = folders.some((folder) => isPackage(join(folder, name, 'package.json'), name));
    expect(found).toBe(true);
  });
});

function isPackage(file: string, name: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

describe('docs/dependencies.md', () => {
  const page = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const [ours = '', development = ''] = page.split('Development only:');
  const listed = (part: string) =>
    [...part.matchAll(/^\| ([^|]+) \|/gm)]
      .flatMap(([, cell = '']) => cell.split(', '))
      .filter((name) => name !== 'package')
      .sort();

  it('has a line for each dependency and for nothing else', () => {
    expect(listed(ours)).toEqual(used.sort());
    expect(listed(development)).toEqual(Object.keys(manifest.devDependencies).sort());
  });
});
