/** How `anteroom-proxy` ends: at once, as CHP does, or within `--drain-seconds`. In one process and with workers. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { distScript } from '../../core/package-root.js';
import { ENGINES } from '../../proxy/server/engine-names.js';
import { ask, type Target, target } from '../support/http.js';
import { type ProxyProcess, startProxy } from '../support/proxy-process.js';
import { workersOf } from '../support/proxy-workers.js';

const SCRIPT = distScript('proxy/server/main.js');
const KINDS = [...ENGINES.map((engine) => ['--engine', engine]), ['--workers', '2']];

describe.each(KINDS)('%s %s', (...kind) => {
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  const start = async (seconds: number): Promise<ProxyProcess> =>
    own(
      await startProxy(SCRIPT, {
        args: [
          ...kind,
          '--default-target',
          slow.url,
          '--drain-seconds',
          String(seconds),
          '--keep-alive-timeout',
          '60000',
        ],
      }),
    );
  const exit = async (proxy: ProxyProcess): Promise<number | null> =>
    proxy.child.exitCode ?? ((await once(proxy.child, 'exit'))[0] as number | null);
  const told = (proxy: ProxyProcess): Promise<void> =>
    expect.poll(() => proxy.output()).toContain('No more connections are accepted') as Promise<void>;
  let slow: Target;
  let waiting: ServerResponse[];

  beforeEach(async () => {
    waiting = [];
    slow = own(
      await target((request, response) => {
        if (request.url === '/slow') waiting.push(response);
        else response.end('quick');
      }),
    );
    const sockets = new WebSocketServer({ server: slow.server });
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))));
  });
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });

  it('lets a request under way finish, ends idle connections, takes no new ones; status 2', async () => {
    const proxy = await start(60);
    const idle = await idleConnection(proxy.port);
    const reply = ask(`${proxy.url}/slow`);
    await expect.poll(() => waiting.length).toBe(1);
    proxy.child.kill('SIGTERM');
    await told(proxy);
    await expect.poll(() => idle.destroyed || idle.readableEnded).toBe(true);
    await expect.poll(() => refused(proxy.port)).toBe(true);
    expect(proxy.child.exitCode).toBe(null);
    waiting[0]?.end('done');
    expect((await reply).body).toBe('done');
    expect(await exit(proxy)).toBe(2);
    if (kind[0] === '--workers') expect(workersOf(proxy.child.pid ?? -1)).toEqual([]);
  });

  it('gives a WebSocket until the deadline', async () => {
    const proxy = await start(5);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    await once(socket, 'open');
    proxy.child.kill('SIGTERM');
    await told(proxy);
    socket.send('still here');
    expect(String((await once(socket, 'message'))[0])).toBe('still here');
    await once(socket, 'close');
    expect(await exit(proxy)).toBe(2);
    expect(proxy.output()).toContain('The time to drain is over');
  });

  it('ends at once at the second signal, and at the first without the option', async () => {
    for (const [seconds, signals] of [
      [60, 2],
      [0, 1],
    ] as const) {
      const proxy = await start(seconds);
      const cut = ask(`${proxy.url}/slow`).catch(() => 'cut');
      await expect.poll(() => waiting.length).toBeGreaterThan(0);
      waiting = [];
      proxy.child.kill('SIGTERM');
      if (signals === 2) {
        await told(proxy);
        proxy.child.kill('SIGTERM');
      }
      expect(await exit(proxy)).toBe(2);
      expect(await cut).toBe('cut');
    }
  });
});

/** Has had one answer and waits for its next request. */
async function idleConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await expect.poll(() => text).toContain('quick');
  return socket;
}

function refused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
