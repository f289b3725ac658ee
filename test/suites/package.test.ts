/** The suites as a package outside has them: by the names that package.json exports, from what `npm run build` made. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';

const SPAWNER_TEST = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { declareClass, SpawnerClass } from 'anteroom/plugin';
import { describeSpawner, pidExists, spawnerInit, TINY_SERVER } from 'anteroom/suites/spawner';

const declaration = declareClass({ name: 'OwnSpawner', parent: SpawnerClass, help: 'Runs a process.', traits: {} });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function create({ config }) {
  let child;
  const alive = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    async start(context) {
      context.signal.throwIfAborted();
      const address = { kind: 'tcp', proto: 'http', host: '127.0.0.1', port: await freePort() };
      const argv = [TINY_SERVER, ...config.args];
      child = spawn(process.execPath, argv, { env: context.environment(address), stdio: 'ignore' });
      return address;
    },
    poll: async () => (alive() ? { running: true } : { running: false, exitStatus: child?.exitCode ?? 0 }),
    async stop() {
      if (!alive()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    state: () => (alive() ? { pid: child.pid } : {}),
    loadState() {},
    clearState() {},
  };
}

const kind = { className: 'own.OwnSpawner', create };
describeSpawner({
  name: 'own',
  kind,
  make: (args) => create(spawnerInit(declaration, { args })),
  exists: pidExists,
});
`;

const AUTHENTICATOR_TEST = `
import { AuthenticatorClass, declareClass } from 'anteroom/plugin';
import { authenticatorInit, describeAuthenticator } from 'anteroom/suites/authenticator';

const declaration = declareClass({ name: 'OwnAuthenticator', parent: AuthenticatorClass, help: 'Own.', traits: {} });
const create = ({ config }) => ({
  className: 'own.OwnAuthenticator',
  async provision() {},
  async authenticate({ username = '', password = '' }) {
    if (!config.admin_users.has(username) || password !== 'right') return { kind: 'refused' };
    return { kind: 'authenticated', model: { name: username } };
  },
  async [Symbol.asyncDispose]() {},
});

describeAuthenticator({
  name: 'own',
  make: () => create(authenticatorInit(declaration, { admin_users: new Set(['ann']) })),
  good: { data: { username: 'ann', password: 'right' }, model: { name: 'ann' } },
  bad: { username: 'ann', password: 'wrong' },
});
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-suites-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(packageRoot(), join(folder, 'node_modules/anteroom'));
  await symlink(join(packageRoot(), 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
  await writeFile(join(folder, 'package.json'), '{ "name": "own", "type": "module", "private": true }\n');
  await writeFile(join(folder, 'spawner.test.js'), SPAWNER_TEST);
  await writeFile(join(folder, 'authenticator.test.js'), AUTHENTICATOR_TEST);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['authenticator', ''],
  ['spawner', 'starts a server|stopped before anything|cancelled before'],
])(
  'the suite for %s runs on one of a package outside',
  async (suite, titles) => {
    const { code, said } = await vitest([`${suite}.test.js`, ...(titles === '' ? [] : ['-t', titles])]);
    expect(said).toMatch(/Tests .*\d+ passed/);
    expect(said).not.toContain('failed');
    expect(code).toBe(0);
  },
  60_000,
);

function vitest(args: readonly string[]): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const program = join(packageRoot(), 'node_modules/vitest/vitest.mjs');
    const env = { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1' };
    const child = spawn(process.execPath, [program, 'run', '--root', folder, ...args], { cwd: folder, env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        said += data.toString('utf8');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
  });
}
