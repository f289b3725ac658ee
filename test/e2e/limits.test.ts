import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limitFaults } from '../../spawners/local-process/limits/index.js';
import { Client } from './client.js';
import { type HubOptions, type HubProcess, startHub } from './hub-process.js';
import { serverProcesses } from './processes.js';

/**
 * A machine that offers no control groups: the hub runs in a mount namespace of its own, where /sys/fs/cgroup is empty
 * and read-only. Limits in force are test/e2e/workshop.test.ts.
 */
const isRoot = userInfo().uid === 0;
const WITHOUT = ['unshare', '--mount', '--', '/bin/sh', '-c'];
const COVER = 'mount -t tmpfs -o ro none /sys/fs/cgroup && exec "$@"';
const why = isRoot ? covering() : 'it needs root';
if (why !== '') console.warn(`SKIPPED test/e2e/limits.test.ts: ${why}`);

const user = `anteroomtest${randomBytes(3).toString('hex')}`;
let hub: HubProcess | undefined;

beforeAll(() => {
  if (why === '') system('useradd', '--create-home', '--shell', '/bin/bash', user);
});

afterEach(async () => {
  await hub?.[Symbol.asyncDispose]();
  hub = undefined;
});

afterAll(() => {
  if (why === '') system('userdel', '--force', '--remove', user);
});

function covering(): string {
  const [program = '', ...args] = [...WITHOUT, COVER, 'sh', 'true'];
  try {
    execFileSync(program, args, { stdio: 'pipe' });
    return '';
  } catch (error) {
    return `no mount namespace can be made here: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function system(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

function start(config: string): Promise<HubProcess> {
  const options: HubOptions = { config, prefix: [...WITHOUT, COVER, 'sh'] };
  return startHub(options);
}

const impossible = limitFaults({ memoryBytes: 12 * 1024 ** 2 }, false).join('; ');
if (impossible !== '') console.warn(`SKIPPED test/e2e/limits.test.ts, memory: ${impossible}`);

describe.skipIf(impossible !== '')('a server that needs more memory than it may have', () => {
  it('is told so on the page of its start', async () => {
    hub = await startHub({ config: `c.Spawner.mem_limit = '12M';` });
    const client = new Client(hub.url);
    expect(await client.signIn('ann')).toBe(302);
    await client.get('/hub/spawn');
    await expect
      .poll(async () => (await client.get('/hub/spawn-pending/ann')).text, { timeout: 60_000, interval: 200 })
      .toContain('more than its limit of 12 MiB of memory');
  });
});

describe.skipIf(why !== '')('a machine without control groups', () => {
  it('refuses the start with limits, each by its name and with what would make it work', async () => {
    const started = start(`
      c.JupyterHub.spawner_class = 'localprocess';
      c.Spawner.mem_limit = '256M';
      c.Spawner.cpu_limit = 0.5;
    `);
    const { message } = (await started.catch((error: unknown) => error)) as Error;
    expect(message).toMatch(/exited with 1/);
    expect(message).toMatch(
      /c\.Spawner\.mem_limit: cannot be enforced on this machine: .*what makes it work/,
    );
    expect(message).toMatch(/c\.Spawner\.cpu_limit: cannot be enforced/);
  });

  it('refuses a limit of processes where all users share one account', async () => {
    await expect(start('c.Anteroom.process_limit = 64;')).rejects.toThrow(
      /c\.Anteroom\.process_limit: cannot be enforced/,
    );
  });

  it('holds the processes of an account of its own by setrlimit', async () => {
    hub = await start(`
      c.JupyterHub.spawner_class = 'localprocess';
      c.Anteroom.process_limit = 64;
      c.Spawner.environment = { ANTEROOM_TEST_FOLDER: process.cwd() };
    `);
    const client = new Client(hub.url);
    expect(await client.signIn(user)).toBe(302);
    await client.startServer(user, 60_000);
    const [server] = serverProcesses(hub.folder);
    expect(readFileSync(`/proc/${server?.pid}/limits`, 'utf8')).toMatch(/Max processes\s+64\s+64\b/);
    const terminal = client.openTerminal(user);
    terminal.type('for i in $(seq 80); do sleep 20 & done; echo "end"$((6*7))\n');
    await terminal.shows(/Resource temporarily unavailable/i, 60_000);
    terminal.end();
  });
});
