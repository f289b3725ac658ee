/**
 * `jupyterhub_config.py` as traitlets reads it, and as we do: with stand-ins for packages that are missing, and with
 * the real ones of JupyterHub's environment.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HUB_GRAMMAR } from '../../cli/grammar.js';
import { loadConfig } from '../../cli/load-config.js';
import { parseArguments } from '../../core/config/argv.js';
import { readPythonConfig } from '../../core/config/python/index.js';
import type { Setting } from '../../core/config/tree.js';
import { SimpleLocalProcessSpawnerClass } from '../../spawners/simple/traits.js';
import { ensureVenv } from './peers/install.js';

const FILES = join(import.meta.dirname, '../python-config');
const DUMP = join(import.meta.dirname, 'python-config/dump.py');
/** Not in JupyterHub's environment: there, a package with the class is enough for both. */
const CLASSES: Readonly<Record<string, string>> = {
  'oauthenticator/__init__.py': '',
  'oauthenticator/github.py': 'class GitHubOAuthenticator: pass\n',
  'dockerspawner/__init__.py': 'class DockerSpawner: pass\n',
  'jupyterhub_traefik_proxy/__init__.py': 'class TraefikFileProviderProxy: pass\n',
  'kubernetes_asyncio/__init__.py': 'client = None\n',
  'pycurl.py': 'class Curl: pass\nclass CurlMulti: pass\n',
};
const VALUES = {
  PYTHONDONTWRITEBYTECODE: '1',
  OAUTH_CALLBACK_URL: 'https://hub.example.org/hub/oauth_callback',
  GITHUB_CLIENT_ID: 'an-id',
  GITHUB_CLIENT_SECRET: 'a-secret',
  DB_PASS_WORD: 'another',
  PROXY_API_SERVICE_HOST: '10.0.0.7',
  PROXY_API_SERVICE_PORT: '8001',
  COURSE_NAME: 'bio',
  HUB_PORT: '8123',
};

let cwd: string;
let real: NodeJS.ProcessEnv;
let standIns: NodeJS.ProcessEnv;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'anteroom-pyconfig-'));
  const venv = await ensureVenv();
  for (const [name, content] of Object.entries(CLASSES)) {
    await mkdir(join(cwd, 'packages', name, '..'), { recursive: true });
    await writeFile(join(cwd, 'packages', name), content);
  }
  real = { ...venv.environment, ...VALUES, PYTHONPATH: join(cwd, 'packages') };
  standIns = { ...process.env, ...VALUES, PYTHONPATH: join(FILES, 'only-stdlib') };
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function dump(path: string, ...more: string[]): Promise<Record<string, unknown>> {
  const child = spawn('python3', [DUMP, path, ...more], {
    cwd,
    env: real,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const out = child.stdio[3] as NodeJS.ReadableStream;
  const err = child.stdio[2] as NodeJS.ReadableStream;
  const [said, complaint] = await Promise.all([text(out), text(err), once(child, 'close')]);
  expect(complaint.includes('Traceback') ? complaint : '').toBe('');
  return JSON.parse(said) as Record<string, unknown>;
}

/** Ours in the form of dump.py. A class by its last name: where a stand-in was imported from is not where it lives. */
async function ours(path: string, env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const { sections, unkept } = await readPythonConfig(path, { cwd, env });
  expect(unkept).toEqual([]);
  return Object.fromEntries(
    [...sections].map(([name, traits]) => [
      name,
      Object.fromEntries([...traits].map(([trait, [setting]]) => [trait, settingOf(setting)])),
    ]),
  );
}

function settingOf(setting: Setting | undefined): unknown {
  if (setting?.kind === 'value') return plain(setting.value);
  if (setting?.kind !== 'lazy') throw new Error('no such setting comes from a Python file');
  const steps = setting.operations.map((step) =>
    step.op === 'insert' ? [step.op, step.index, plain(step.value)] : [step.op, plain(step.value)],
  );
  return { $lazy: steps };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Set) return { $set: [...(value as Set<string>)].sort() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** Sections that were only looked at are empty in both. Classes become their names, as ours are. */
function comparable(tree: Record<string, unknown>): unknown {
  return JSON.parse(
    JSON.stringify(tree, (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && '$class' in value) return value.$class;
      if (typeof value === 'object' && value !== null && '$lazy' in value && Array.isArray(value.$lazy)) {
        return value.$lazy.length === 0 ? undefined : value;
      }
      return value;
    }),
  );
}

function withShortClasses(tree: unknown, classes: ReadonlySet<string>): unknown {
  return JSON.parse(
    JSON.stringify(tree, (_key, value: unknown) => {
      const last = typeof value === 'string' ? (value.split('.').at(-1) ?? '') : '';
      return classes.has(last) ? last : value;
    }),
  );
}

function classesIn(tree: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  JSON.stringify(tree, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && '$class' in value) names.add(String(value.$class));
    return value;
  });
  return names;
}

describe('what a configuration sets', () => {
  it.each([
    'documentation',
    'docker',
    'environment',
    'github_oauth',
    'lazy',
    'ldap',
    'services',
    'tljh/jupyterhub_config',
  ])('is what traitlets reads: %s', async (name) => {
    const path = join(FILES, `${name}.py`);
    const theirs = await dump(path);
    const classes = classesIn(theirs);
    const expected = comparable(theirs);
    expect(Object.keys(expected as object).length).toBeGreaterThan(1);
    expect(withShortClasses(await ours(path, real), classes)).toEqual(expected);
    // sys.executable is another one
    if (name !== 'services') expect(withShortClasses(await ours(path, standIns), classes)).toEqual(expected);
  });

  it('is what traitlets reads where YAML is at hand: z2jh', async () => {
    // PyYAML is in JupyterHub's environment
    const path = join(FILES, 'z2jh/jupyterhub_config.py');
    expect(await ours(path, real)).toEqual(comparable(await dump(path)));
  });

  it('makes the same spawner', async () => {
    const path = join(FILES, 'lazy.py');
    const theirs = await dump(path, 'spawner');
    const line = ['-f', path, '--JupyterHub.spawner_class=simple', '--JupyterHub.authenticator_class=dummy'];
    const loaded = await loadConfig({ arguments: parseArguments(line, HUB_GRAMMAR), env: standIns, cwd });
    expect(loaded.faults.filter((fault) => /Spawner\.(?:env|args|popen)/.test(fault))).toEqual([]);
    const values = loaded.config.of(SimpleLocalProcessSpawnerClass) as unknown as Record<string, unknown>;
    expect(theirs['env_keep']).toContain('SECOND');
    for (const name of ['env_keep', 'environment', 'args', 'home_dir_template', 'popen_kwargs']) {
      expect([name, plain(values[name])]).toEqual([name, theirs[name]]);
    }
  });
});

describe('where a configuration runs', () => {
  it("is the hub's directory, where load_subconfig looks too", async () => {
    await mkdir(join(cwd, 'elsewhere'));
    const path = join(cwd, 'elsewhere/jupyterhub_config.py');
    await writeFile(
      path,
      "import os\nc.A.cwd = os.getcwd()\nc.A.file = __file__\nload_subconfig('sub.py')\n",
    );
    await writeFile(join(cwd, 'elsewhere/sub.py'), "c.A.sub = 'beside the file'\n");
    await writeFile(join(cwd, 'sub.py'), "c.A.sub = 'where the hub runs'\nc.A.name = __name__\n");
    const theirs = await dump(path);
    expect(theirs).toEqual({
      A: { cwd, file: path, sub: 'where the hub runs', name: 'builtins' },
    });
    expect(await ours(path, real)).toEqual(theirs);
  });

  it('sees no folder of ours in sys.path, and the same modules by name', async () => {
    const path = join(cwd, 'paths.py');
    await writeFile(
      path,
      "import sys\nc.A.path = [p for p in sys.path if 'driver' in p]\nc.A.own = __name__\n",
    );
    expect(await ours(path, real)).toEqual(await dump(path));
  });
});

describe('what is wrong with a configuration', () => {
  it.each([
    ['c.JupyterHub = 1\n', 'ValueError'],
    ["c.Spawner.environment['A'] = 'b'\n", 'TypeError'],
    ['c.Spawner.args.sort()\n', 'AttributeError'],
    ["c.Spawner.args.insert('x', 1)\n", 'TypeError'],
    ['c._private\n', 'AttributeError'],
    ["c['_private']\n", 'KeyError'],
    ['len(c.Spawner.args)\n', 'TypeError'],
  ])('is wrong for traitlets too: %s', async (content, type) => {
    const path = join(cwd, 'wrong.py');
    await writeFile(path, content);
    const child = spawn('python3', [DUMP, path], {
      cwd,
      env: real,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const complaint = await text(child.stdio[2] as NodeJS.ReadableStream);
    expect(complaint.trim().split('\n').at(-1)).toMatch(new RegExp(`^${type}`));
    await expect(ours(path, real)).rejects.toThrow(new RegExp(`wrong\\.py:1: ${type}: `));
  });
});
