/** What is the fast front's own: its clock, and sockets that change hands. The rest is tested through every engine. */
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../../core/log.js';
import { ask, echo, raw, rawTarget, target } from '../../../../test/support/http.js';
import { proxyInProcess } from '../../../../test/support/proxy-in-process.js';
import { ErrorPages } from '../../error-pages.js';
import { Flags } from '../../flags.js';
import { noMetrics } from '../../metrics.js';
import { resolveOptions } from '../../options.js';
import { MemoryRoutes } from '../../routes/memory.js';
import { RouteTable } from '../../routes/table.js';
import { engineOf } from '../engines.js';

const owned: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(resource: T): T => {
  owned.push(resource);
  return resource;
};
afterEach(async () => {
  for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

describe('the fast front', () => {
  it('closes an idle connection when its time is up, and not a busy one', async () => {
    const root = own(
      await target((request, response) => {
        if (request.url === '/slow') setTimeout(() => response.end('late'), 1200);
        else response.end('soon');
      }),
    );
    const proxy = own(
      await proxyInProcess('raw', '--default-target', root.url, '--keep-alive-timeout', '300'),
    );
    const idle = await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 3000);
    expect(idle).toMatchObject({ closed: true, text: expect.stringContaining('soon') });
    const busy = await raw(proxy.port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', 3000);
    expect(busy).toMatchObject({ closed: true, text: expect.stringContaining('late') });
  });

  it('--timeout ends a request that stands still, without an answer', async () => {
    const root = own(await rawTarget(() => undefined));
    const url = `http://127.0.0.1:${root.port}`;
    const proxy = own(await proxyInProcess('raw', '--default-target', url, '--timeout', '200'));
    expect(await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 3000)).toEqual({
      text: '',
      closed: true,
    });
  });

  it('answers an idle connection of a client that leaves, and a half head, at once', async () => {
    const root = own(await target(echo('root')));
    const proxy = own(await proxyInProcess('raw', '--default-target', root.url));
    for (const [bytes, expected] of [
      ['', /^$/],
      ['GET / HT', /^HTTP\/1\.1 400 /],
    ] as const) {
      const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.end(bytes);
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      expect(text).toMatch(expected);
    }
  });

  it('a connection that was handed over is served on, and closed with the proxy', async () => {
    const root = own(await target(echo('root')));
    const proxy = await proxyInProcess('raw', '--default-target', root.url);
    const socket = connect(proxy.port, '127.0.0.1');
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => text).toContain('"url":"/1"');
    socket.write('OPTIONS /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HT');
    await expect.poll(() => text).toContain('"url":"/2"');
    socket.write('TP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => text).toContain('"url":"/3"');
    const waiting = connect(proxy.port, '127.0.0.1');
    waiting.on('error', () => waiting.destroy());
    const other = new Promise((resolve) => waiting.once('close', resolve));
    await delay(50);
    await proxy[Symbol.asyncDispose]();
    await Promise.all([closed, other]);
  });

  it('answers all of a pipeline whose sender has ended its half', async () => {
    const root = own(await target(echo('root')));
    const proxy = own(await proxyInProcess('raw', '--default-target', root.url));
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    const paths = Array.from({ length: 30 }, (_, index) => `/${index}`);
    socket.end(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect([...text.matchAll(/"url":"([^"]+)"/g)].map((match) => match[1])).toEqual(paths);
  });

  it('hears that a client has gone while the next request of it waits', async () => {
    let open = 0;
    const root = own(
      await rawTarget((socket) => {
        open += 1;
        socket.resume();
        socket.once('close', () => {
          open -= 1;
        });
      }),
    );
    const url = `http://127.0.0.1:${root.port}`;
    const proxy = own(await proxyInProcess('raw', '--default-target', url));
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => open, { timeout: 10_000 }).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => open, { timeout: 10_000 }).toBe(0);
  });

  it('a listener that closes ends idle connections, and the others with their answer', async () => {
    const root = own(await target((_request, response) => setTimeout(() => response.end('late'), 500)));
    const routes = new MemoryRoutes();
    const log = silentLog;
    const table = new RouteTable(routes, { hostRouting: false, log, metrics: noMetrics });
    await table.add('/', root.url, {});
    const { forward } = resolveOptions(Flags.parse([]), {});
    const errorPages = new ErrorPages({
      errorTarget: undefined,
      errorPath: undefined,
      upstreamTls: {},
      verifyTargets: true,
      log,
    });
    const engine = own(
      engineOf('raw')({
        routes: table,
        errorPages,
        metrics: noMetrics,
        access: undefined,
        log,
        options: forward,
        hostRouting: false,
        upstreamTls: {},
        verifyTargets: true,
      }),
    );
    const server = engine.createServer(undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const idle = raw(port, '', 10_000);
    const busy = raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 10_000);
    await delay(200);
    await new Promise((resolve) => server.close(resolve));
    expect(await idle).toEqual({ text: '', closed: true });
    const { text, closed } = await busy;
    expect(closed).toBe(true);
    expect(text).toContain('\r\nconnection: close\r\n');
    expect(text).toMatch(/late$/);
  });

  it('a target that cannot even be tried is a 503', async () => {
    const url = `http+unix://${encodeURIComponent(`/${'a'.repeat(200)}`)}`;
    const proxy = own(await proxyInProcess('raw', '--default-target', url));
    expect((await ask(proxy.url)).status).toBe(503);
    expect((await raw(proxy.port, 'GET / HTTP/1.0\r\n\r\n')).text).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('a reader who never reads holds no more than one answer of a pipeline', async () => {
    let asked = 0;
    const body = 'x'.repeat(12_000);
    const root = own(
      await target((_request, response) => {
        asked += 1;
        response.end(body);
      }),
    );
    const proxy = own(await proxyInProcess('raw', '--default-target', root.url));
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    socket.on('error', () => socket.destroy());
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000));
    let before = -1;
    while (before !== asked) {
      before = asked;
      await delay(300);
    }
    // The kernel's buffers hold some hundred; the rest was never asked for.
    expect(asked).toBeLessThan(2500);
    socket.destroy();
  });
});
