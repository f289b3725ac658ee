/** The built program: started as a spawner starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { CLIENT_SECRET, TestHub } from './testing/hub.js';
import { fetchOnce } from './testing/rig.js';

const SCRIPT = distScript('terminal/server/main.js');

describe('anteroom-singleuser', () => {
  let hub: TestHub;
  let home: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    expect(existsSync(SCRIPT), 'built by `npm run build`').toBe(true);
    home = mkdtempSync(join(tmpdir(), 'anteroom-main-'));
    hub = await TestHub.start({
      clientId: 'jupyterhub-user-alice',
      callback: '/user/alice/oauth_callback',
      version: '5.2.1',
      scopesOf: () => [],
    });
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await hub[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  function start(
    env: Record<string, string>,
    extra: { args?: string[]; handle?: unknown } = {},
  ): { child: ChildProcess; log: () => string } {
    const child = spawn(process.execPath, [SCRIPT, ...(extra.args ?? [])], {
      env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(extra.handle === undefined ? [] : [extra.handle as never])],
    });
    children.push(child);
    let log = '';
    child.stderr?.on('data', (data: Buffer) => {
      log += data.toString('utf8');
    });
    return { child, log: () => log };
  }

  const environment = (port: number): Record<string, string> => ({
    JUPYTERHUB_API_TOKEN: CLIENT_SECRET,
    JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
    JUPYTERHUB_API_URL: hub.apiUrl,
    JUPYTERHUB_ACTIVITY_URL: `${hub.apiUrl}/users/alice/activity`,
    JUPYTERHUB_SERVER_NAME: '',
    JUPYTERHUB_SERVICE_PREFIX: '/user/alice/',
    JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${port}/user/alice/`,
  });

  /** The port is the system's choice; the log tells it. */
  async function portOf(log: () => string): Promise<number> {
    const found = (): number => Number(/"msg":"listening".*"port":(\d+)/.exec(log())?.[1] ?? 0);
    await expect.poll(found, { timeout: 15_000, interval: 20 }).toBeGreaterThan(0);
    return found();
  }

  it('names everything that is missing, at once, and exits', async () => {
    const { child, log } = start({ JUPYTERHUB_API_URL: hub.apiUrl });
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    for (const name of ['JUPYTERHUB_SERVICE_URL', 'JUPYTERHUB_API_TOKEN', 'JUPYTERHUB_CLIENT_ID']) {
      expect(log()).toContain(name);
    }
  });

  it.each([
    ['--version', /^anteroom-singleuser \d+\.\d+\.\d+\n$/],
    ['--help', /^Usage: anteroom-singleuser\n[\s\S]*JUPYTERHUB_API_TOKEN/],
    ['-h', /^Usage: anteroom-singleuser\n/],
  ])('answers %s to whom no hub is', async (question, answer) => {
    const { child, log } = start({}, { args: ['--debug', question] });
    let out = '';
    child.stdout?.on('data', (data: Buffer) => {
      out += data.toString('utf8');
    });
    const [code] = await once(child, 'close');
    expect({ code, log: log() }).toEqual({ code: 0, log: '' });
    expect(out).toMatch(answer);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves where it was told, ignores foreign arguments, and stops on %s',
    async (signal) => {
      const { child, log } = start(environment(0), { args: ['--ServerApp.ip=0.0.0.0', '--no-browser', 'x'] });
      const port = await portOf(log);
      expect((await fetchOnce('127.0.0.1', port, '/user/alice/api', {})).status).toBe(200);
      // The version of its hub, and one report of activity, come by themselves.
      await expect
        .poll(
          async () =>
            (await fetchOnce('127.0.0.1', port, '/user/alice/api', {})).headers['x-jupyterhub-version'],
          { timeout: 5_000 },
        )
        .toBe('5.2.1');
      await expect
        .poll(() => JSON.stringify(hub.activity.at(-1)), { timeout: 5_000 })
        .toMatch(/^\{"servers":\{"":\{"last_activity":".*Z"\}\},"last_activity":".*Z"\}$/);
      child.kill(signal);
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      expect(log()).not.toContain(CLIENT_SECRET);
    },
  );

  it('takes the listening socket that its spawner made', async () => {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const handle: unknown = (listener as unknown as { _handle: { fd: number } })._handle.fd;
    const { child } = start({ ...environment(1), ANTEROOM_LISTEN_FD: '3' }, { handle });
    // Two listen until we let go: then only the server answers.
    await new Promise((resolve) => setTimeout(resolve, 300));
    listener.close();
    await expect
      .poll(
        async () =>
          fetchOnce('127.0.0.1', port, '/user/alice/api', {}).then(
            (answer) => answer.status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200);
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('says so when its port is taken', async () => {
    const squatter = createServer();
    squatter.listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const { child, log } = start(environment(typeof address === 'object' && address ? address.port : 0));
    const [code] = await once(child, 'exit');
    squatter.close();
    expect(code).toBe(1);
    expect(log()).toContain('EADDRINUSE');
  });
});
