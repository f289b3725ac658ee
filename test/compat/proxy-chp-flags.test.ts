/**
 * configurable-http-proxy 5.3.0's flags and environment that proxy-chp.test.ts does not reach, through the process, on
 * CHP and on ours: mutual TLS on every side, UNIX sockets everywhere, timeouts, storage back ends, signals.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { distScript, packageRoot } from '../../core/package-root.js';
import { ensureChp } from '../support/chp.js';
import { ask, echo, raw, rawTarget, seenBy, type Target, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, runProxy, type StartOptions, startProxy } from '../support/proxy-process.js';

const pem = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
const ca = readFileSync(pem('ca.crt'));
const pair = (who: string) => ({
  key: readFileSync(pem(`${who}.key`)),
  cert: readFileSync(pem(`${who}.crt`)),
});
const files = (side: string, who: string): string[] => [
  ...[`--${side}-key`, pem(`${who}.key`), `--${side}-cert`, pem(`${who}.crt`), `--${side}-ca`, pem('ca.crt')],
];
const PEER = 'CHP 5.3.0';
const WORKERS = 'two workers';
/** The third engine, `raw-node`, is a part of `raw`. */
const OURS = ['raw', 'http-proxy-3', WORKERS];
const scripts: Record<string, string> = {};

beforeAll(async () => {
  scripts[PEER] = await ensureChp();
  for (const name of OURS) scripts[name] = distScript('proxy/server/main.js');
});

describe.each([PEER, ...OURS])('%s', (name) => {
  const kind = name === PEER ? [] : name === WORKERS ? ['--workers', '2'] : ['--engine', name];
  const folder = mkdtempSync(join(tmpdir(), 'proxy-flags-'));
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  const start = async (options: StartOptions = {}): Promise<ProxyProcess> =>
    own(await startProxy(scripts[name] ?? '', { ...options, args: [...kind, ...(options.args ?? [])] }));
  /** Answers only whom the authority has signed. */
  const mutual = (listener = echo('mutual')): Promise<Target> =>
    target(
      listener,
      createTlsServer({ ...pair('server'), ca, requestCert: true, rejectUnauthorized: true }),
    ).then(own);
  let root: Target;

  beforeEach(async () => {
    root = own(await target(echo('root')));
  });
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe('mutual TLS', () => {
    it('of the public side, web and WebSocket', async () => {
      new WebSocketServer({ server: root.server });
      const asks = ['--ssl-request-cert', '--ssl-reject-unauthorized'];
      const args = [...files('ssl', 'server'), ...asks, '--default-target', root.url];
      const proxy = await start({ args, scheme: 'https' });
      expect(seenBy(await ask(proxy.url, { tls: { ca, ...pair('client') } })).name).toBe('root');
      await expect(ask(proxy.url, { tls: { ca } })).rejects.toThrow();
      await expect(ask(proxy.url, { tls: { ca, ...pair('stranger') } })).rejects.toThrow();
      const known = new WebSocket(`wss://127.0.0.1:${proxy.port}/`, { ca, ...pair('client') });
      await once(known, 'open');
      known.terminate();
      const unknown = new WebSocket(`wss://127.0.0.1:${proxy.port}/`, { ca });
      await expect(once(unknown, 'open')).rejects.toThrow();
    });

    it('of the API', async () => {
      const asks = ['--api-ssl-request-cert', '--api-ssl-reject-unauthorized'];
      const proxy = await start({
        args: [...files('api-ssl', 'server'), ...asks],
        api: { scheme: 'https', tls: { ca, ...pair('client') } },
      });
      await proxy.addRoute('/a', root.url);
      expect(seenBy(await ask(`${proxy.url}/a`)).name).toBe('root');
      await expect(proxy.api('', { tls: { ca } })).rejects.toThrow();
      await expect(proxy.api('', { tls: { ca, ...pair('stranger') } })).rejects.toThrow();
    });

    it('towards targets, web and WebSocket', async () => {
      const secure = await mutual();
      new WebSocketServer({ server: secure.server });
      const to = ['--default-target', `https://127.0.0.1:${secure.port}`];
      const asks = ['--client-ssl-request-cert', '--client-ssl-reject-unauthorized'];
      const proxy = await start({ args: [...files('client-ssl', 'client'), ...asks, ...to] });
      expect(seenBy(await ask(proxy.url)).name).toBe('mutual');
      const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
      await once(socket, 'open');
      socket.terminate();
      const stranger = await start({ args: [...files('client-ssl', 'stranger'), ...to] });
      expect((await ask(stranger.url)).status).toBe(503);
      const untrusting = await start({ args: to });
      expect((await ask(untrusting.url)).status).toBe(503);
    });

    it('towards the error target', async () => {
      const pages = await mutual((request, response) => response.end(`page for ${request.url}`));
      const to = ['--error-target', `https://127.0.0.1:${pages.port}/e`];
      const proxy = await start({ args: [...files('client-ssl', 'client'), ...to] });
      expect(await ask(`${proxy.url}/x`)).toMatchObject({ status: 404, body: 'page for /e/404?url=%2Fx' });
      const stranger = await start({ args: [...files('client-ssl', 'stranger'), ...to] });
      expect(await ask(`${stranger.url}/x`)).toMatchObject({ status: 404, body: 'Not Found' });
    });

    it('with passphrases from the environment', async () => {
      const key = join(folder, 'locked.key');
      execFileSync('openssl', [
        'rsa',
        '-aes256',
        '-passout',
        'pass:open sesame',
        '-in',
        pem('server.key'),
        '-out',
        key,
      ]);
      const args = [
        ...['--ssl-key', key, '--ssl-cert', pem('server.crt')],
        ...['--api-ssl-key', key, '--api-ssl-cert', pem('server.crt'), '--default-target', root.url],
      ];
      const proxy = await start({
        args,
        scheme: 'https',
        api: { scheme: 'https', tls: { ca } },
        env: {
          CONFIGPROXY_SSL_KEY_PASSPHRASE: 'open sesame',
          CONFIGPROXY_API_SSL_KEY_PASSPHRASE: 'open sesame',
        },
      });
      expect(seenBy(await ask(proxy.url, { tls: { ca } })).name).toBe('root');
    });

    it('in the protocol and with the ciphers that are named', async () => {
      const cipher = 'ECDHE-RSA-AES256-GCM-SHA384';
      const limits = ['--ssl-protocol', 'TLSv1_2', '--ssl-ciphers', cipher];
      const proxy = await start({
        args: ['--ssl-key', pem('server.key'), '--ssl-cert', pem('server.crt'), ...limits],
        scheme: 'https',
      });
      const socket = connect({ port: proxy.port, host: '127.0.0.1', ca });
      await once(socket, 'secureConnect');
      expect([socket.getProtocol(), socket.getCipher().name]).toEqual(['TLSv1.2', cipher]);
      socket.destroy();
      const other = connect({
        port: proxy.port,
        host: '127.0.0.1',
        ca,
        ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
      });
      await expect(once(other, 'secureConnect')).rejects.toThrow();
    });
  });

  describe('UNIX sockets', () => {
    it('of the API, which wins over its port', async () => {
      const socketPath = join(folder, 'api.sock');
      const proxy = await start({ args: ['--api-socket', socketPath], api: { socketPath } });
      await proxy.addRoute('/a', root.url);
      expect(seenBy(await ask(`${proxy.url}/a`)).name).toBe('root');
      await expect(ask(`http://127.0.0.1:${proxy.apiPort}/api/routes`)).rejects.toThrow('ECONNREFUSED');
    });

    it('of the metrics, which wins over their port', async () => {
      const socketPath = join(folder, 'metrics.sock');
      const port = await freePort();
      await start({ args: ['--metrics-socket', socketPath, '--metrics-port', String(port)] });
      expect((await ask('http://localhost/metrics', { socketPath })).body).toContain('requests_web 0');
      await expect(ask(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('ECONNREFUSED');
    });

    it('--socket beside --port or --ip is an error', async () => {
      for (const other of [
        ['--port', '1'],
        ['--ip', '127.0.0.1'],
      ]) {
        const run = await runProxy(scripts[name] ?? '', ['--socket', join(folder, 'x.sock'), ...other]);
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("cannot be used with option '--");
      }
    });
  });

  describe('timeouts', () => {
    it('--timeout ends a client’s silent request without an answer', async () => {
      const silent = own(await rawTarget(() => undefined));
      const proxy = await start({
        args: ['--timeout', '300', '--default-target', `http://127.0.0.1:${silent.port}`],
      });
      expect(await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 10_000)).toEqual({
        text: '',
        closed: true,
      });
    });

    it('--proxy-timeout gives a silent target up: 503', async () => {
      const silent = own(await rawTarget(() => undefined));
      const proxy = await start({
        args: ['--proxy-timeout', '300', '--default-target', `http://127.0.0.1:${silent.port}`],
      });
      expect((await ask(proxy.url)).status).toBe(503);
    });

    it('--keep-alive-timeout ends an idle connection, and no sooner than a request', async () => {
      const proxy = await start({ args: ['--keep-alive-timeout', '500', '--default-target', root.url] });
      const { text, closed } = await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 15_000);
      expect(text).toMatch(/^HTTP\/1.1 200 /);
      expect(closed).toBe(true);
    });
  });

  describe('what is sent on', () => {
    it('--change-origin and --no-x-forward', async () => {
      const proxy = await start({
        args: ['--change-origin', '--no-x-forward', '--default-target', root.url],
      });
      const { headers } = seenBy(await ask(proxy.url, { headers: { host: 'pub.test' } }));
      expect(headers.host).toBe(`127.0.0.1:${root.port}`);
      expect(Object.keys(headers).filter((each) => each.startsWith('x-forwarded'))).toEqual([]);
    });
  });

  describe('storage back ends', () => {
    it('30: one that is not there ends the start', async () => {
      const run = await runProxy(scripts[name] ?? '', ['--storage-backend', 'no-such-backend']);
      expect(run.code).not.toBe(0);
      expect(run.stdout + run.stderr).toContain("Cannot find module 'no-such-backend'");
    });

    it('31: a CommonJS class is used, and is given the options', async () => {
      const told = join(folder, 'told.json');
      const module = join(folder, 'backend.cjs');
      writeFileSync(
        module,
        `module.exports = class {
           constructor(options) {
             this.routes = new Map();
             require('node:fs').writeFileSync(${JSON.stringify(told)}, JSON.stringify({ ...options, log: typeof options.log.warn }));
           }
           async get(path) { return this.routes.get(path); }
           async getTarget(path) {
             const [prefix] = [...this.routes.keys()].filter((each) => path.startsWith(each)).sort((a, b) => b.length - a.length);
             return prefix === undefined ? undefined : { prefix, data: this.routes.get(prefix) };
           }
           async getAll() { return Object.fromEntries(this.routes); }
           async add(path, data) { this.routes.set(path, { ...data, seenBy: 'backend' }); }
           async update(path, data) { this.routes.set(path, { ...this.routes.get(path), ...data }); }
           async remove(path) { const old = this.routes.get(path); this.routes.delete(path); return old; }
           cleanPath(path) { return path; }
         };`,
      );
      const proxy = await start({ args: ['--storage-backend', module, '--host-routing'] });
      await proxy.addRoute('/here.test', root.url, { user: 'u' });
      expect(await proxy.route('/here.test')).toMatchObject({ user: 'u', seenBy: 'backend' });
      const headers = { host: 'here.test' };
      expect(seenBy(await ask(`${proxy.url}/x`, { headers })).name).toBe('root');
      expect((await ask(`${proxy.url}/x`)).status).toBe(404);
      expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({
        hostRouting: true,
        storageBackend: module,
        log: 'function',
      });
      expect((await proxy.api('/here.test', { method: 'DELETE' })).status).toBe(204);
      expect((await ask(`${proxy.url}/x`, { headers })).status).toBe(404);
    });
  });

  it('inactive_since is the older name of inactiveSince', async () => {
    const proxy = await start();
    await proxy.addRoute('/a', root.url);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(Object.keys(await proxy.route(`?inactive_since=${later}`))).toEqual(['/a']);
    expect(Object.keys(await proxy.route('?inactive_since=2001-01-01'))).toEqual([]);
  });

  it('SIGINT: status 2, pid file gone', async () => {
    const pidFile = join(folder, 'proxy.pid');
    const proxy = await start({ args: ['--pid-file', pidFile] });
    await expect.poll(() => readFileSync(pidFile, 'utf8')).toBe(String(proxy.child.pid));
    proxy.child.kill('SIGINT');
    expect((await once(proxy.child, 'exit'))[0]).toBe(2);
    expect(proxy.output()).toMatch(/\[ConfigProxy\] .*: Interrupted/);
    expect(() => readFileSync(pidFile)).toThrow('ENOENT');
  });

  it('options that contradict each other end the start', async () => {
    for (const args of [
      ['--redirect-port', '8080'],
      ['--error-target', 'http://x', '--error-path', '/x'],
      ['--no-such-option'],
    ]) {
      expect((await runProxy(scripts[name] ?? '', args)).code, args.join(' ')).toBe(1);
    }
  });
});
