import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { startHub } from '../e2e/hub-process.js';

/**
 * What a start loads, as V8 lists it (NODE_V8_COVERAGE): every script of the process, however it was imported. A
 * library that one configuration needs costs memory and time only there.
 */
const ONLY_ON_DEMAND = [
  '@kubernetes/client-node',
  'kubernetes-client',
  'koffi',
  'ldapts',
  'nunjucks',
  'openid-client',
  'pg',
  'ssh2',
  'yaml',
];
const NEVER = ['@biomejs/biome', 'esbuild', 'knip', 'playwright-core', 'typescript', 'vitest'];

interface Loaded {
  readonly packages: readonly string[];
  /** Paths below dist. */
  readonly files: readonly string[];
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-loaded-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** One entry a process that ended: the reports of `name`'s process and its children. */
async function loaded(name: string): Promise<readonly Loaded[]> {
  const reports: Loaded[] = [];
  for (const file of await readdir(join(folder, name))) {
    const report = JSON.parse(await readFile(join(folder, name, file), 'utf8')) as {
      readonly result: readonly { readonly url: string }[];
    };
    const urls = report.result.map(({ url }) => url);
    const own = urls.flatMap((url) => /\/dist\/((?!.*node_modules).+\.js)$/.exec(url)?.[1] ?? []);
    const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
    reports.push({ packages: [...new Set(packages)], files: own });
  }
  return reports;
}

async function run(name: string, script: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [distScript(script), ...args], {
    env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: join(folder, name), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('listening')) child.kill('SIGTERM');
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, said, loaded: await loaded(name) };
}

// Coverage is written at the end of each process, which takes its time on a busy machine.
describe('what a start loads', { timeout: 60_000 }, () => {
  it('is next to nothing for --version', async () => {
    const { code, loaded: reports } = await run('version', 'cli/main.js', ['--version'], {});
    expect(code).toBe(0);
    const [{ packages, files } = { packages: [], files: [] }] = reports;
    expect(files).toContain('cli/main.js');
    for (const name of [
      'fastify',
      'better-sqlite3',
      'better-sqlite3-13',
      'kysely',
      ...ONLY_ON_DEMAND,
      ...NEVER,
    ])
      expect(packages).not.toContain(name);
    expect(
      files.filter((file) => /^(?:kube|hub\/store|hub\/pages|proxy\/server|terminal)\//.test(file)),
    ).toEqual([]);
  });

  it('is what a hub with its defaults needs, and nothing for other configurations', async () => {
    await using hub = await startHub({
      config: 'c.JupyterHub.cleanup_proxy = true; c.JupyterHub.cleanup_servers = true;',
      env: { NODE_V8_COVERAGE: join(folder, 'hub') },
    });
    expect(await hub.terminate()).toBe(0);
    const report = (await loaded('hub')).find(({ files }) => files.includes('cli/main.js'));
    expect(report?.packages).toEqual(
      expect.arrayContaining(['fastify', expect.stringMatching(/^better-sqlite3/), 'handlebars']),
    );
    for (const name of [...ONLY_ON_DEMAND, ...NEVER]) expect(report?.packages).not.toContain(name);
    expect(report?.files).toContain('spawners/simple/index.js');
    const strangers =
      /^(?:kube|terminal|proxy\/server|spawners\/kubernetes\/(?!traits)|authenticators\/(?!dummy\/)[^/]+\/index)/;
    expect(report?.files.filter((file) => strangers.test(file))).toEqual([]);
  });

  it('is lean for the terminal server: every user runs one', async () => {
    const { said, loaded: reports } = await run('terminal', 'terminal/server/main.js', [], {
      HOME: folder,
      JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1:0/user/ann/',
      JUPYTERHUB_SERVICE_PREFIX: '/user/ann/',
      JUPYTERHUB_API_TOKEN: 'none',
      JUPYTERHUB_API_URL: 'http://127.0.0.1:9/hub/api',
      JUPYTERHUB_BASE_URL: '/',
      JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-ann',
      JUPYTERHUB_USER: 'ann',
      JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/ann/oauth_callback',
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=ann/"]',
    });
    expect(said).toContain('listening');
    const [{ packages, files } = { packages: [], files: [] }] = reports;
    expect([...packages].sort()).toEqual(['node-pty', 'ws']);
    expect(files.filter((file) => !/^(?:core|terminal)\//.test(file))).toEqual([]);
  });
});
