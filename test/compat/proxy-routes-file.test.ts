/** `--routes-file`: what a proxy that is started again serves before anybody has told it anything. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { ask, echo, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, runProxy, startProxy } from '../support/proxy-process.js';

const SCRIPT = distScript('proxy/server/main.js');

/** A server in a process of its own, on a port that it is told; as another account where one is named. */
const SERVER = `
const { createServer } = require('node:http');
const answer = (request, response) => response.end(process.argv[1]);
let server = createServer(answer).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('up'));
process.on('SIGUSR2', () => {
  server.closeAllConnections();
  server.close(() => { server = createServer(answer).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('again')); });
});
`;

/** ms between the API's answer and the end: for the write, on a machine that has other things to do. */
const KILLED_AFTER = 150;

interface Kept {
  readonly bootId: string;
  readonly routes: ReadonlyArray<{ readonly path: string; readonly restored?: { readonly owner: object } }>;
}

describe.each([['one process'], ['workers', '--workers', '2']])('%s', (_name, ...kind) => {
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  let folder: string;
  let file: string;
  let port: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proxy-routes-'));
    file = join(folder, 'routes.json');
    port = await freePort();
  });
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<ProxyProcess> =>
    own(await startProxy(SCRIPT, { args: [...kind, '--routes-file', file] }));
  const kept = (): Kept => JSON.parse(readFileSync(file, 'utf8')) as Kept;
  const ownerKept = (path: string): object | undefined =>
    kept().routes.find((route) => route.path === path)?.restored?.owner;
  /** Until the file knows the route and, where it can be seen, who listens there. */
  const untilKept = async (path: string): Promise<void> => {
    await expect.poll(() => ownerKept(path)).toMatchObject({ process: { pid: expect.any(Number) } });
  };
  const end = async (proxy: ProxyProcess, signal: NodeJS.Signals): Promise<void> => {
    proxy.child.kill(signal);
    await once(proxy.child, 'exit');
  };
  const status = async (proxy: ProxyProcess, path: string): Promise<number> =>
    (await ask(`${proxy.url}${path}`)).status;

  async function server(name: string): Promise<AsyncDisposable & { readonly child: ChildProcess }> {
    const child = spawn(process.execPath, ['-e', SERVER, name, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return own({
      child,
      async [Symbol.asyncDispose]() {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    });
  }

  it('the same listener is served at once, and so is a target elsewhere; the hub compares and tells them again', async () => {
    await server('ann');
    const first = await start();
    await first.addRoute('/user/ann', `http://127.0.0.1:${port}`, { user: 'ann', jupyterhub: true });
    await first.addRoute('/far', 'http://192.0.2.1:9', {});
    await untilKept('/user/ann');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await end(first, 'SIGKILL');

    const second = await start();
    expect((await ask(`${second.url}/user/ann/x`)).body).toBe('ann');
    // What a hub compares differs from what it wants, so that it names the route again; the rest is as it was.
    const listed = JSON.parse((await second.api('')).body) as Record<string, Record<string, unknown>>;
    expect(listed['/user/ann']).toMatchObject({
      target: `http://127.0.0.1:${port}#restored`,
      user: 'ann',
      jupyterhub: true,
      last_activity: expect.stringMatching(/^2/),
    });
    expect(listed['/far']).toMatchObject({ target: 'http://192.0.2.1:9#restored' });
    await second.addRoute('/user/ann', `http://127.0.0.1:${port}`, { user: 'ann' });
    await second.api('/far', { method: 'DELETE' });
    expect(JSON.parse((await second.api('')).body)).toMatchObject({
      '/user/ann': { target: `http://127.0.0.1:${port}` },
    });
    expect(await status(second, '/far')).toBe(404);
    await end(second, 'SIGTERM');
    // An orderly end writes what was not written yet.
    expect(kept().routes.map(({ path }) => path)).toEqual(['/user/ann']);
  });

  it('a route is kept a moment after it was told, though the proxy is killed then', async () => {
    for (let round = 0; round < 5; round += 1) {
      const proxy = await start();
      // Nothing was written for a while, as is usual: starts of servers are seconds apart.
      await delay(300);
      // Not on this machine: whose sockets are many is asked for longer than a write takes.
      await proxy.addRoute(`/far${round}`, 'http://192.0.2.1:9', {});
      await delay(KILLED_AFTER);
      await end(proxy, 'SIGKILL');
      expect(kept().routes.map(({ path }) => path)).toContain(`/far${round}`);
    }
    const last = await start();
    expect(Object.keys(JSON.parse((await last.api('')).body) as object)).toHaveLength(5);
  });

  it('another process at the port is not served, also when it came later; a route told again is', async () => {
    const ann = await server('ann');
    const first = await start();
    await first.addRoute('/user/ann', `http://localhost:${port}`);
    await untilKept('/user/ann');
    await end(first, 'SIGKILL');
    const second = await start();
    expect(await status(second, '/user/ann')).toBe(200);
    await ann[Symbol.asyncDispose]();
    await server('eve');
    expect(await status(second, '/user/ann')).toBe(503);
    expect(second.output()).toMatch(
      /error: 503 GET \/user\/ann the route \/user\/ann is from before this proxy started/,
    );
    await end(second, 'SIGKILL');
    const third = await start();
    expect(await status(third, '/user/ann')).toBe(503);
    await third.addRoute('/user/ann', `http://localhost:${port}`);
    expect((await ask(`${third.url}/user/ann`)).body).toBe('eve');
  });

  it('the same process that has opened its port anew is served', async () => {
    const ann = await server('ann');
    const first = await start();
    await first.addRoute('/user/ann', `http://127.0.0.1:${port}`);
    await untilKept('/user/ann');
    await end(first, 'SIGKILL');
    ann.child.kill('SIGUSR2');
    await once(ann.child.stdout!, 'data');
    const second = await start();
    expect((await ask(`${second.url}/user/ann`)).body).toBe('ann');
  });

  it('a port of another account is not served, though it is the same number', async () => {
    await server('ann');
    const first = await start();
    await first.addRoute('/user/ann', `http://127.0.0.1:${port}`);
    await untilKept('/user/ann');
    await end(first, 'SIGKILL');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/"uid":\d+/, '"uid":54321'));
    const second = await start();
    expect(await status(second, '/user/ann')).toBe(503);
  });

  it('a socket file and an address of this machine are looked at too', async () => {
    const path = join(folder, 'ann.sock');
    const listener = createServer(echo('ann'));
    await new Promise<void>((resolve) => listener.listen(path, resolve));
    const address = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    const first = await start();
    await first.addRoute('/file', `http+unix://${encodeURIComponent(path)}`);
    if (address !== undefined) await first.addRoute('/own', `http://${address}:${port}`);
    await expect.poll(() => ownerKept('/file')).toBeDefined();
    await end(first, 'SIGTERM');
    const second = await start();
    expect(await status(second, '/file')).toBe(200);
    // Nobody was seen listening there.
    if (address !== undefined) expect(await status(second, '/own')).toBe(503);
    await end(second, 'SIGTERM');
    await new Promise((resolve) => listener.close(resolve));
    const other = createServer(echo('eve'));
    await new Promise<void>((resolve) => other.listen(path, resolve));
    const third = await start();
    expect(await status(third, '/file')).toBe(503);
    other.close();
  });

  it('of another boot, damaged, or others’ to write: an empty table that says why', async () => {
    await using far = await target(echo('far'));
    const first = await start();
    await first.addRoute('/far', far.url);
    await end(first, 'SIGTERM');
    const good = readFileSync(file, 'utf8');
    for (const [text, mode, level, why] of [
      [good.replace(kept().bootId, 'another'), 0o600, 'info', 'from before this machine was started'],
      [good.slice(0, 40), 0o600, 'error', 'JSON'],
      [
        '{"version":1,"bootId":"x","routes":[{"path":"/a"}]}'.replace('"x"', JSON.stringify(kept().bootId)),
        0o600,
        'error',
        'lacks its path',
      ],
      ['[]', 0o600, 'error', 'no JSON object'],
      [good, 0o666, 'error', 'others than its owner may write it'],
    ] as const) {
      writeFileSync(file, text);
      chmodSync(file, mode);
      const proxy = await start();
      expect(await proxy.route('')).toEqual({});
      expect(proxy.output()).toMatch(new RegExp(`${level}: The routes file .*${why}`));
      await end(proxy, 'SIGKILL');
      rmSync(file);
    }
  });

  it('that cannot be written stops the start', async () => {
    const run = await runProxy(SCRIPT, [
      ...kind,
      '--routes-file',
      join(folder, 'no', 'such', 'folder'),
      '--port',
      String(port),
    ]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('--routes-file: ENOENT');
  });
});
