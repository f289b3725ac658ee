import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Reads every import of the house and holds the rules of docs/architecture.md: who may import whom, no circles, and
 * the list of core's folders. A new folder of core is a decision: change the list with it.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const ROOMS = ['core', 'kube', 'hub', 'spawners', 'authenticators', 'proxy', 'terminal', 'cli'];
const CORE_FOLDERS = ['config', 'hub-client', 'jinja', 'model', 'plugin', 'scopes', 'wire'];

/** Folders a file below the key may import from; its own folder is always allowed. */
const ALLOWED: ReadonlyArray<readonly [prefix: string, allowed: readonly string[]]> = [
  ['core/', ['core/']],
  ['kube/', ['core/', 'kube/']],
  ['hub/', ['core/', 'hub/']],
  ['spawners/kubernetes/', ['core/', 'kube/', 'spawners/kubernetes/']],
  ['spawners/', ['core/', 'spawners/']],
  ['authenticators/oauth/', ['core/', 'kube/', 'authenticators/']],
  ['authenticators/', ['core/', 'authenticators/']],
  ['proxy/server/', ['core/', 'proxy/server/']],
  ['proxy/client/', ['core/', 'kube/', 'proxy/client/']],
  ['terminal/protocol/', ['terminal/protocol/']],
  ['terminal/web/', ['terminal/protocol/', 'terminal/web/']],
  ['terminal/server/', ['core/', 'kube/', 'terminal/protocol/', 'terminal/server/']],
  ['cli/', ['core/', 'hub/', 'spawners/', 'authenticators/', 'proxy/', 'terminal/', 'cli/']],
];

interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
  /** Those of types too; not those made when they are needed. */
  readonly staticImports: readonly string[];
}

function sources(): SourceFile[] {
  const files: SourceFile[] = [];
  for (const room of ROOMS) {
    for (const path of walk(join(ROOT, room))) files.push(read(path));
  }
  return files;
}

function* walk(folder: string): Generator<string> {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (/\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) && !path.includes('/testing/'))
      yield path;
  }
}

function list(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

function read(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const imports: string[] = [];
  const staticImports: string[] = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s(?:type\s)?[^;'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  )) {
    const specifier = match[1] ?? match[2];
    if (specifier === undefined) continue;
    const target = relative(ROOT, resolve(dirname(path), specifier)).replace(/\.js$/, '.ts');
    imports.push(target);
    if (match[1] !== undefined) staticImports.push(target);
  }
  return { path: relative(ROOT, path), imports, staticImports };
}

describe('the house', () => {
  const files = sources();

  it('is not empty', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it('keeps to who may import whom', () => {
    const broken: string[] = [];
    for (const file of files) {
      const rule = ALLOWED.find(([prefix]) => file.path.startsWith(prefix));
      if (!rule) {
        broken.push(`${file.path} is in no room`);
        continue;
      }
      for (const target of file.imports) {
        if (!rule[1].some((allowed) => target.startsWith(allowed))) broken.push(`${file.path} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('lets plug-ins of one kind import each other only as base class', () => {
    const broken: string[] = [];
    for (const file of files) {
      const own = /^(spawners|authenticators)\/([^/]+)\//.exec(file.path);
      if (!own) continue;
      for (const target of file.imports) {
        const other = /^(spawners|authenticators)\/([^/]+)\/(.+)$/.exec(target);
        if (!other || other[2] === own[2]) continue;
        if (!/^(traits|index)\.ts$/.test(other[3] ?? '')) broken.push(`${file.path} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('has no circles', () => {
    const graph = new Map(files.map((file) => [file.path, file.staticImports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (node: string, path: readonly string[]): void => {
      const start = path.indexOf(node);
      if (start >= 0) {
        circles.push([...path.slice(start), node].join(' -> '));
        return;
      }
      if (done.has(node)) return;
      for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
      done.add(node);
    };
    for (const node of graph.keys()) visit(node, []);
    expect(circles).toEqual([]);
  });

  it('keeps the list of core folders', () => {
    const folders = list(join(ROOT, 'core'))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.sort()).toEqual(CORE_FOLDERS);
  });

  it('keeps SQL inside hub/store', () => {
    const offenders = files
      .filter((file) => !file.path.startsWith('hub/store/'))
      .filter((file) =>
        /from 'kysely'|from 'better-sqlite3'|from 'pg'/.test(readFileSync(join(ROOT, file.path), 'utf8')),
      )
      .map((file) => file.path);
    expect(offenders).toEqual([]);
  });

  it('lists plug-ins by name in one file only', () => {
    const offenders = files
      .filter((file) => !['cli/builtins.ts'].includes(file.path))
      .filter((file) => file.path.startsWith('cli/') || file.path.startsWith('hub/'))
      .filter((file) =>
        file.imports.some(
          (target) => /^(spawners|authenticators)\//.test(target) && !target.endsWith('/traits.ts'),
        ),
      )
      .map((file) => posix.normalize(file.path));
    expect(offenders).toEqual([]);
  });
});
