/**
 * What sites meet beyond configurable-http-proxy's own list of behaviours (proxy-chp.test.ts), the same through CHP 5.3.0
 * and through ours: each was a difference once.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { distScript, packageRoot } from '../../core/package-root.js';
import { ensureChp } from '../support/chp.js';
import { ask, echo, raw, seenBy, type Target, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, startProxy } from '../support/proxy-process.js';
import { engineFlags, WAYS } from '../support/ways.js';

const CHP = 'CHP 5.3.0';
const WORKERS = 'two workers';
const pem = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
const PUBLIC_TLS = ['--ssl-key', pem('server.key'), '--ssl-cert', pem('server.crt')];
const UPLOAD = 20 * 1024 * 1024;

/** A storage back end that tells how it was made, and how often it was asked. */
const BACKEND = `module.exports = class {
  constructor(options) { this.options = options; this.routes = new Map(); this.asked = 0; }
  cleanPath(path) { return path; }
  async get(path) { return this.routes.get(path); }
  async getTarget(path) {
    this.asked += 1;
    const data = this.routes.get('/');
    return data && { prefix: '/', data };
  }
  async getAll() { return { '/': { target: 'http://x', asked: this.asked, keys: Object.keys(this.options).sort() } }; }
  async add(path, data) { this.routes.set(path, data); }
  async update(path, data) { Object.assign(this.routes.get(path), data); }
  async remove(path) { this.routes.delete(path); }
};`;

let chp: string;
beforeAll(async () => {
  chp = await ensureChp();
});

describe.each([CHP, ...WAYS, WORKERS])('%s', (name) => {
  const flags = name === CHP ? [] : name === WORKERS ? ['--workers', '2'] : engineFlags(name);
  const folder = mkdtempSync(join(tmpdir(), 'everyday-'));
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  const start = async (...args: readonly string[]): Promise<ProxyProcess> => {
    const scheme = args.includes('--ssl-key') ? { scheme: 'https' } : {};
    const script = name === CHP ? chp : distScript('proxy/server/main.js');
    return own(await startProxy(script, { args: [...flags, ...args], ...scheme }));
  };
  let root: Target;

  beforeEach(async () => {
    root = own(await target(echo('root')));
  });
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('a request without a body says so where one may come', async () => {
    const proxy = await start('--default-target', root.url);
    const lengths = async (method: string): Promise<string | undefined> => {
      const { text } = await raw(proxy.port, `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const body = /\{.*\}/s.exec(text)?.[0] ?? '';
      return seenBy({ status: 200, headers: {}, body }).headers['content-length'];
    };
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'LOCK']) {
      expect([method, await lengths(method)]).toEqual([method, '0']);
    }
    expect(await lengths('GET')).toBeUndefined();
  });

  it('a WebSocket that a front asks for in HTTP/1.0 is one', async () => {
    const server = new WebSocketServer({ server: root.server });
    server.on('connection', (socket) => socket.send('hello'));
    const proxy = await start('--default-target', root.url);
    const lines = [
      'Upgrade: websocket',
      'Connection: upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const { text } = await raw(proxy.port, `GET /ws HTTP/1.0\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 101 /);
    expect(text).toContain('hello');
  });

  it('a WebSocket counts as activity of its path when the route has been told again', async () => {
    const server = new WebSocketServer({ server: root.server });
    server.on('connection', (socket) => socket.on('message', () => socket.send('heard')));
    const proxy = await start();
    await proxy.addRoute('/user/ann', root.url);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/user/ann/ws`);
    await once(socket, 'open');
    await proxy.addRoute('/user/ann', root.url);
    const before = String((await proxy.route('/user/ann'))['last_activity']);
    await delay(50);
    socket.send('at work');
    await once(socket, 'message');
    await expect
      .poll(async () => String((await proxy.route('/user/ann'))['last_activity']), { timeout: 4000 })
      .not.toBe(before);
    socket.terminate();
  });

  it.each([
    ['a length', `Content-Length: ${UPLOAD}`, ''],
    ['chunks', 'Transfer-Encoding: chunked', '\r\n0\r\n\r\n'],
  ])(
    'an upload to a server that is gone is told so, even if the client reads last: %s',
    async (_how, framing, end) => {
      const pages = own(await target((_request, response) => setTimeout(() => response.end('gone'), 100)));
      const proxy = await start('--error-target', pages.url);
      await proxy.addRoute('/dead', `http://127.0.0.1:${await freePort()}`);
      const socket = connect(proxy.port, '127.0.0.1');
      socket.pause();
      socket.write(`POST /dead HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
      if (end !== '') socket.write(`${UPLOAD.toString(16)}\r\n`);
      // As curl and Python's `requests` do: all of it, and then a look at the answer.
      await new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.write(Buffer.alloc(UPLOAD, 'x'));
        socket.write(end, resolve);
      });
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
      });
      socket.resume();
      await expect.poll(() => text, { timeout: 8000 }).toMatch(/^HTTP\/1\.1 503 [\s\S]*gone/);
      socket.destroy();
    },
  );

  it('a prefix that is the whole path leaves the path of the target', async () => {
    const proxy = await start('--no-include-prefix');
    await proxy.addRoute('/user/a', `${root.url}/t`);
    await proxy.addRoute('/plain', root.url);
    const asked = async (path: string): Promise<string> => seenBy(await ask(`${proxy.url}${path}`)).url;
    expect(await asked('/user/a')).toBe('/t');
    expect(await asked('/user/a?x')).toBe('/t?x');
    expect(await asked('/user/a/')).toBe('/t/');
    expect(await asked('/plain')).toBe('/');
  });

  it('a kept connection outlives what it was told by a moment', async () => {
    const proxy = await start('--keep-alive-timeout', '1000', '--default-target', root.url);
    const one = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const socket = connect(proxy.port, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.write(one);
    await expect.poll(() => text).toContain('"name":"root"');
    await delay(1600);
    text = '';
    socket.write(one);
    await expect.poll(() => text).toContain('"name":"root"');
    await expect.poll(() => socket.destroyed, { timeout: 5000 }).toBe(true);
  });

  it('routes are named in the API as requests are: by a normalised path', async () => {
    const proxy = await start();
    const api = `http://127.0.0.1:${proxy.apiPort}`;
    const headers = { authorization: 'token a-token-of-the-tests' };
    const body = JSON.stringify({ target: root.url });
    const made = { path: '/api/routes/a/../b', method: 'POST', headers, body };
    expect((await ask(api, made)).status).toBe(201);
    expect(Object.keys(await proxy.route(''))).toEqual(['/b']);
    for (const path of ['/api/routes/b', '/api/./routes/b', '/api/routes/c/../b', `${api}/api/routes/b`]) {
      expect([path, (await ask(api, { path, headers })).status]).toEqual([path, 200]);
    }
  });

  it('a storage back end is made with the options, and asked once for a request', async () => {
    const file = join(folder, 'backend.cjs');
    writeFileSync(file, BACKEND);
    const proxy = await start('--storage-backend', file, '--timeout', '7000');
    await proxy.addRoute('/', root.url);
    for (let count = 0; count < 5; count += 1) expect((await ask(proxy.url)).status).toBe(200);
    const { asked, keys } = (await proxy.route(''))['/'] as { asked: number; keys: string[] };
    expect(asked).toBe(5);
    expect(keys).toEqual(
      expect.arrayContaining(
        [
          ['headers', 'timeout', 'proxyTimeout', 'keepAliveTimeout', 'enableMetrics', 'xfwd', 'log'],
          ['redirectPort', 'redirectTo', 'prependPath', 'includePrefix', 'hostRouting', 'authToken'],
        ].flat(),
      ),
    );
  });

  it('ciphers and protocol of the listeners are not asked of targets', async () => {
    const files = { key: readFileSync(pem('server.key')), cert: readFileSync(pem('server.crt')) };
    const tls = { ...files, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const;
    const behind = own(await target(echo('behind'), createTlsServer(tls)));
    const proxy = await start(
      ...PUBLIC_TLS,
      '--ssl-ciphers',
      'ECDHE-RSA-AES256-GCM-SHA384',
      '--client-ssl-ca',
      pem('ca.crt'),
      '--default-target',
      `https://localhost:${behind.port}`,
    );
    const seen = await ask(proxy.url, {
      tls: { ca: readFileSync(pem('ca.crt')), servername: 'localhost' },
      headers: { host: 'localhost' },
    });
    expect(seenBy(seen).name).toBe('behind');
  });

  it('Camellia is not spoken', async () => {
    const proxy = await start(...PUBLIC_TLS, '--default-target', root.url);
    const hello = (ciphers: string): Promise<string> =>
      new Promise((resolve) => {
        const options = { ciphers, maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const;
        const socket = connectTls(proxy.port, '127.0.0.1', options, () => {
          resolve(socket.getCipher().name);
          socket.destroy();
        });
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      });
    expect(await hello('ECDHE-RSA-AES128-GCM-SHA256')).toBe('ECDHE-RSA-AES128-GCM-SHA256');
    for (const ciphers of ['CAMELLIA128-SHA', 'ECDHE-RSA-CAMELLIA256-SHA384']) {
      expect(await hello(ciphers)).toMatch(/HANDSHAKE_FAILURE/);
    }
  });

  it('open WebSockets and refused listings are not counted as what they are not', async () => {
    const server = new WebSocketServer({ server: root.server });
    const metricsPort = await freePort();
    const where = ['--metrics-ip', '127.0.0.1', '--metrics-port', `${metricsPort}`];
    const proxy = await start('--default-target', root.url, ...where);
    const counted = async (name: string): Promise<readonly string[]> => {
      const { body } = await ask(`http://127.0.0.1:${metricsPort}/metrics`);
      return body.split('\n').filter((line) => line.startsWith(name));
    };
    const listings = await counted('api_route_get ');
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/ws`);
    await once(socket, 'open');
    await proxy.api('?inactiveSince=rubbish');
    await ask(proxy.url);
    expect(await counted('requests_proxy{')).toEqual(['requests_proxy{status="200"} 1']);
    expect(await counted('api_route_get ')).toEqual(listings);
    const head = await ask(`http://127.0.0.1:${metricsPort}/metrics`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    socket.terminate();
    server.close();
  });

  it.each([
    ['--log-level', 'silly'],
    ['--log-level', 'verbose'],
    ['--timeout', ''],
  ])('starts with %s %j', async (flag, word) => {
    const proxy = await start(flag, word, '--default-target', root.url);
    expect((await ask(proxy.url)).status).toBe(200);
  });
});
