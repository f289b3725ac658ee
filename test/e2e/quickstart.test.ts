import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript, packageRoot } from '../../core/package-root.js';
import { freePort } from '../support/ports.js';
import { Client } from './client.js';
import { anteroom } from './command.js';
import { processesBelow } from './processes.js';

/** What `npm start` runs, with the configuration as shipped: only the ports are others, by the command line. */
const SERVED_WITHIN_MS = 20_000;
const USER_LINE = /Sign in with any name and this password:\n {4}(\S+)\n/;
const ADMIN_LINE = /Administrators \(admin\) sign in with this one:\n {4}(\S+)\n/;

let folder: string;
let url: string;
let flags: readonly string[];
let running: Quickstart | undefined;
let user = '';
let admin = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-quickstart-'));
  await copyFile(join(packageRoot(), 'quickstart.config.mjs'), join(folder, 'quickstart.config.mjs'));
  const [port, hubPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  flags = [
    `--JupyterHub.bind_url=${url}`,
    `--JupyterHub.hub_port=${hubPort}`,
    `--ConfigurableHTTPProxy.api_url=http://127.0.0.1:${apiPort}`,
  ];
});

afterAll(async () => {
  await running?.end();
  for (const { pid } of processesBelow(folder)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('the quick start', () => {
  it('says where it is and how to sign in, with passwords made at this first start', async () => {
    running = await Quickstart.start();
    await running.says(ADMIN_LINE);
    user = USER_LINE.exec(running.output)?.[1] ?? '';
    admin = ADMIN_LINE.exec(running.output)?.[1] ?? '';
    expect(user).toMatch(/^[a-z0-9]{8,}$/);
    expect(admin).toMatch(/^[a-z0-9]{32,}$/);
    expect(running.output).toContain(`open ${url}/`);
    expect(running.output).toMatch(/All users share one system account/);
  });

  it('keeps what it makes to this account, and of the passwords only their hashes', async () => {
    const data = join(folder, 'data');
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await stat(join(data, 'passwords.json'))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['data', 'quickstart.config.mjs']);
    for (const name of await readdir(data, { recursive: true })) {
      const path = join(data, name);
      if (!(await stat(path)).isFile()) continue;
      const text = await readFile(path, 'latin1');
      for (const password of [user, admin]) expect(text.includes(password), path).toBe(false);
    }
  });

  it('lets anybody in with the one password, and the administrator with the other only', async () => {
    expect(await new Client(url).signIn('alice', user)).toBe(302);
    expect(await new Client(url).signIn('alice', admin)).toBe(403);
    expect(await new Client(url).signIn('admin', user)).toBe(403);
    const administrator = new Client(url);
    expect(await administrator.signIn('admin', admin)).toBe(302);
    expect((await administrator.get('/hub/home')).text).toContain('admin');
  });

  it('serves a live terminal whose home is below ./data', async () => {
    const client = new Client(url);
    expect(await client.signIn('bob', user)).toBe(302);
    await client.startServer('bob');
    const terminal = client.openTerminal('bob');
    terminal.type('echo home=$HOME answer=$((6*7))\n');
    await terminal.shows(new RegExp(`home=${folder}/data/homes/bob answer=42`));
    terminal.end();
  });

  it('ends with status 0 on SIGTERM and leaves no process', async () => {
    expect(await running?.end()).toBe(0);
    running = undefined;
    expect(processesBelow(folder)).toEqual([]);
  });

  it('does not show the passwords again, and they still hold', async () => {
    running = await Quickstart.start();
    await delay(500);
    expect(running.output).not.toMatch(/password/i);
    expect(await new Client(url).signIn('carol', user)).toBe(302);
    expect(await running.end()).toBe(0);
  });

  it('makes new ones with --reset-passwords, and the old ones are worth nothing', async () => {
    running = await Quickstart.start(['--reset-passwords']);
    await running.says(ADMIN_LINE);
    const fresh = USER_LINE.exec(running.output)?.[1] ?? '';
    expect(fresh).not.toBe(user);
    expect(ADMIN_LINE.exec(running.output)?.[1]).not.toBe(admin);
    expect(await new Client(url).signIn('dave', user)).toBe(403);
    expect(await new Client(url).signIn('dave', fresh)).toBe(302);
    expect(await running.end()).toBe(0);
  });

  it('shows passwords also when the start that made them fails', async () => {
    await rm(join(folder, 'data'), { recursive: true });
    const squatter = createServer().listen(Number(new URL(url).port), '127.0.0.1');
    await once(squatter, 'listening');
    const { code, err } = await anteroom(['-f', 'quickstart.config.mjs', ...flags], { cwd: folder });
    squatter.close();
    expect(code).toBe(1);
    expect(err).toMatch(/port \d+ is taken by process \d+ \(.+\)/);
    const made = USER_LINE.exec(err)?.[1] ?? '';
    expect(made).not.toBe('');
    running = await Quickstart.start();
    expect(running.output).not.toMatch(/password/i);
    expect(await new Client(url).signIn('erin', made)).toBe(302);
  });
});

class Quickstart {
  readonly #child: ChildProcess;
  output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  /** Resolves when the login page is served. */
  static async start(more: readonly string[] = []): Promise<Quickstart> {
    const args = [distScript('cli/main.js'), '-f', 'quickstart.config.mjs', ...flags, ...more];
    const started = new Quickstart(
      spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    const deadline = Date.now() + SERVED_WITHIN_MS;
    while (!(await servesLogin())) {
      if (started.#child.exitCode !== null || Date.now() > deadline) {
        await started.end();
        throw new Error(`no login page:\n${started.output}`);
      }
      await delay(50);
    }
    return started;
  }

  async says(pattern: RegExp): Promise<void> {
    for (const deadline = Date.now() + 10_000; !pattern.test(this.output); await delay(20)) {
      if (Date.now() > deadline) throw new Error(`no ${pattern} in:\n${this.output}`);
    }
  }

  async end(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }
}

async function servesLogin(): Promise<boolean> {
  const answer = await fetch(`${url}/hub/login`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.status === 200 && (await answer.text()).includes('password_input');
}
