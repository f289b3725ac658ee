/** The composed proxy in process: what a hostile client or a dying target can do, and what must not be forwarded. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { packageRoot } from '../../core/package-root.js';
import { type Ask, ask, echo, type Reply, raw, rawTarget, seenBy, target } from '../../test/support/http.js';
import { freePort } from '../../test/support/ports.js';
import { engineFlags, WAYS } from '../../test/support/ways.js';
import { Flags } from './flags.js';
import { ProxyLog } from './log.js';
import { resolveOptions } from './options.js';
import { RoutingProxy } from './proxy.js';

const TOKEN = 'T';
const pem = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
interface Running {
  readonly port: number;
  readonly url: string;
  readonly apiUrl: string;
  readonly lines: readonly string[];
  api(path: string, how?: Ask): Promise<Reply>;
}

describe.each(WAYS)('engine %s', (engine) => {
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });

  async function run(...argv: readonly string[]): Promise<Running> {
    const port = await freePort();
    const apiPort = await freePort();
    const lines: string[] = [];
    const where = [
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--api-ip',
      '127.0.0.1',
      '--api-port',
      String(apiPort),
    ];
    const options = resolveOptions(Flags.parse([...where, ...engineFlags(engine), ...argv]), {
      CONFIGPROXY_AUTH_TOKEN: TOKEN,
    });
    const proxy = new RoutingProxy(options, new ProxyLog({ write: (line) => lines.push(line) }, 'debug'));
    await proxy.provision();
    own(proxy);
    const scheme = options.apiTls ? 'https' : 'http';
    const apiUrl = `${scheme}://127.0.0.1:${apiPort}`;
    return {
      port,
      url: `http://127.0.0.1:${port}`,
      apiUrl,
      lines,
      api: (path, how = {}) =>
        ask(apiUrl, {
          ...how,
          path: `/api/routes${path}`,
          headers: { authorization: `token ${TOKEN}`, ...how.headers },
        }),
    };
  }

  async function withEcho(...argv: readonly string[]): Promise<Running> {
    const root = own(await target(echo('root')));
    return run('--default-target', root.url, ...argv);
  }

  describe('requests', () => {
    it('hop-by-hop headers stay here, both ways; what names the client is ours', async () => {
      const root = own(
        await target((request, response) => {
          response.setHeader('connection', 'close, x-secret');
          response.setHeader('x-secret', '1');
          response.setHeader('keep-alive', 'timeout=99');
          echo('root')(request, response);
        }),
      );
      const proxy = await run('--default-target', root.url);
      const reply = await ask(proxy.url, {
        headers: {
          connection: 'keep-alive, x-hop, x-forwarded-for, cookie, authorization',
          'x-hop': '1',
          'keep-alive': '300',
          te: 'trailers',
          'proxy-authorization': 'Basic eDp5',
          'proxy-connection': 'keep-alive',
          cookie: 'a=b',
          authorization: 'token x',
          'x-forwarded-for': '1.2.3.4',
          host: 'hub.test:8000',
        },
      });
      const { headers } = seenBy(reply);
      for (const name of ['x-hop', 'te', 'proxy-authorization', 'proxy-connection']) {
        expect(headers, name).not.toHaveProperty(name);
      }
      expect(headers).toMatchObject({
        cookie: 'a=b',
        authorization: 'token x',
        host: 'hub.test:8000',
        'x-forwarded-for': '1.2.3.4,127.0.0.1',
        'x-forwarded-host': 'hub.test:8000',
        'x-forwarded-port': '8000',
        'x-forwarded-proto': 'http',
      });
      expect(reply.headers.connection).toBe('keep-alive');
      expect(reply.headers).not.toHaveProperty('x-secret');
      expect(reply.headers['keep-alive']).not.toBe('timeout=99');
    });

    it('--no-x-forward and --change-origin', async () => {
      const proxy = await withEcho('--no-x-forward', '--change-origin');
      const { headers } = seenBy(await ask(proxy.url));
      expect(Object.keys(headers).filter((name) => name.startsWith('x-forwarded'))).toEqual([]);
      expect(headers.host).not.toBe(`127.0.0.1:${proxy.port}`);
    });

    it('bodies pass with their framing; a DELETE with a length too', async () => {
      const proxy = await withEcho();
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const length = { 'content-length': '11' };
        const seen = seenBy(await ask(proxy.url, { method, body: 'hello there', headers: length }));
        expect([seen.method, seen.body, seen.headers['content-length']]).toEqual([
          method,
          'hello there',
          '11',
        ]);
      }
      const chunked = await raw(
        proxy.port,
        'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      );
      expect(chunked.text).toContain('"body":"abc"');
      expect(chunked.text).toContain('"transfer-encoding":"chunked"');
    });

    it.each([
      [
        'CL and TE',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
        400,
      ],
      [
        'another coding',
        'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      ['TE in 1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
      ['two hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400],
      ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['user in host', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
      ['path in host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
      ['blank in host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
      ['version 2.0', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
      ['large head', `GET / HTTP/1.1\r\nHost: x\r\na: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
      ['many headers', `GET / HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(2001)}\r\n`, 431],
      ['blank before colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
      ['a folded line', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
      ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405],
      ['an absolute target that is none', 'GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ])('%s is refused and the connection closed', async (name, bytes, status) => {
      const proxy = await withEcho();
      const { text, closed } = await raw(proxy.port, bytes);
      expect(text.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
      expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      if (name !== 'an absolute target that is none') expect(closed).toBe(true);
      expect((await ask(proxy.url)).status).toBe(200);
    });

    it.each([
      ['DELETE', 'Transfer-Encoding: chunked', '1\r\na\r\n0\r\n\r\n'],
      ['GET', 'Content-Length: 1', 'a'],
      ['OPTIONS', 'Transfer-Encoding: chunked', '1\r\na\r\n0\r\n\r\n'],
    ])(
      'a body on %s keeps its framing, or is refused where it would lose it',
      async (method, field, body) => {
        const proxy = await withEcho();
        const bytes = `${method} / HTTP/1.1\r\nHost: x\r\n${field}\r\n\r\n${body}`;
        const { text, closed } = await raw(proxy.port, bytes);
        if (engine === 'http-proxy-3') {
          expect(text).toMatch(/^HTTP\/1\.1 400 /);
          expect(closed).toBe(true);
        } else {
          expect(text).toMatch(/^HTTP\/1\.1 200 /);
          expect(text).toContain('"body":"a"');
          expect(text).toContain(field.toLowerCase().replace(': ', '":"'));
        }
        expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
        expect((await ask(proxy.url)).status).toBe(200);
      },
    );

    it('odd but harmless requests are served where the table says', async () => {
      const proxy = await withEcho();
      const url = async (path: string): Promise<string> => seenBy(await ask(proxy.url, { path })).url;
      expect(await url('http://evil.test/x?y')).toBe('/x?y');
      expect(await url('//evil.test/x')).toBe('//evil.test/x');
      expect(await url('//x@x')).toBe('//x@x');
      const proto = await raw(
        proxy.port,
        'GET / HTTP/1.1\r\nHost: x\r\n__proto__: y\r\nConnection: close\r\n\r\n',
      );
      expect(proto.text).toMatch(/^HTTP\/1.1 200 /);
      const old = await raw(proxy.port, 'GET / HTTP/1.0\r\n\r\n');
      expect(old).toMatchObject({ closed: true, text: expect.stringMatching(/^HTTP\/1.1 200 /) });
    });

    it('answers 404 without a route, 500 for a target that is none', async () => {
      const proxy = await run();
      expect((await ask(proxy.url)).status).toBe(404);
      await proxy.api('/bad', { method: 'POST', body: '{"target": "ftp://x"}' });
      expect((await ask(`${proxy.url}/bad`)).status).toBe(500);
      expect(proxy.lines.some((line) => line.includes('error: 404 GET / '))).toBe(true);
    });
  });

  describe('targets that misbehave', () => {
    const dying = async (bytes: string, end: 'destroy' | 'reset'): Promise<Running> => {
      const bad = own(
        await rawTarget((socket) => {
          socket.once('data', () => {
            socket.write(bytes);
            setTimeout(() => (end === 'reset' ? socket.resetAndDestroy() : socket.destroy()), 30);
          });
        }),
      );
      return run('--default-target', `http://127.0.0.1:${bad.port}`);
    };

    it.each([
      ['silence', ''],
      ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
      ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
      ['an unasked switch', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
      ['a status below 100', 'HTTP/1.1 007 Bond\r\nContent-Length: 0\r\n\r\n'],
      ['CL and TE', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ])('%s is a 503', async (_name, bytes) => {
      for (const end of ['destroy', 'reset'] as const) {
        const proxy = await dying(bytes, end);
        expect((await ask(proxy.url)).status).toBe(503);
      }
    });

    it.each([
      ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
      ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
    ])('a body broken off %s ends the connection, incomplete', async (_name, bytes) => {
      const proxy = await dying(bytes, 'destroy');
      const { text, closed } = await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 3000);
      expect(closed).toBe(true);
      expect(text).toContain('part');
      expect(text).not.toContain('\r\n0\r\n');
    });

    it('a reset during a large upload is a 503 or a closed connection, and nothing else', async () => {
      const bad = own(await rawTarget((socket) => socket.once('data', () => socket.resetAndDestroy())));
      const proxy = await run('--default-target', `http://127.0.0.1:${bad.port}`);
      const outcome = await ask(proxy.url, { method: 'POST', body: 'x'.repeat(5_000_000) }).then(
        (reply) => reply.status,
        () => 'closed',
      );
      expect([503, 'closed']).toContain(outcome);
      expect(proxy.lines.join('')).not.toContain('Uncaught');
      expect((await ask(`${proxy.url}/_chp_healthz`)).status).toBe(200);
    });

    it('a kept connection that the target has closed costs a GET nothing', async () => {
      const closing = own(
        await rawTarget((socket) => {
          // Answers once, and resets when the same connection is used again.
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
            socket.once('data', () => socket.resetAndDestroy());
          });
        }),
      );
      const proxy = await run('--default-target', `http://127.0.0.1:${closing.port}`);
      for (let round = 0; round < 4; round += 1) expect((await ask(proxy.url)).status).toBe(200);
      expect((await ask(proxy.url, { method: 'POST', body: 'x' })).status).toBe(503);
    });

    it('--proxy-timeout is a 503, also for one that never accepts', async () => {
      const silent = own(await rawTarget(() => undefined));
      const proxy = await run(
        '--default-target',
        `http://127.0.0.1:${silent.port}`,
        '--proxy-timeout',
        '200',
      );
      expect((await ask(proxy.url)).status).toBe(503);
    });

    it('a client that goes away takes its request to the target along', async () => {
      let gone = false;
      const slow = own(
        await target((_request, response) => {
          response.write('x');
          response.on('close', () => {
            gone = true;
          });
        }),
      );
      const proxy = await run('--default-target', slow.url);
      await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 200);
      // A half-closed client may still read: it is given up when the target is silent for a while.
      await expect.poll(() => gone, { timeout: 10_000 }).toBe(true);
    });
  });

  describe('WebSockets', () => {
    const HEAD = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

    it('both halves end together, whichever ends first', async () => {
      const root = own(await target(echo('root')));
      const sockets = new WebSocketServer({ server: root.server });
      const proxy = await run('--default-target', root.url);
      for (const side of ['client', 'target'] as const) {
        const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
        const [server] = await new Promise<[WebSocket]>((resolve) =>
          sockets.once('connection', (one) => resolve([one])),
        );
        await new Promise((resolve) => client.once('open', resolve));
        const closed = Promise.all(
          [client, server].map((one) => new Promise((resolve) => one.once('close', resolve))),
        );
        for (const one of [client, server]) one.on('error', () => one.terminate());
        (side === 'client' ? client : server).terminate();
        await closed;
      }
    });

    it('forwarding headers say ws; no x-forwarded-host', async () => {
      let headers: Record<string, unknown> = {};
      const root = own(await target(echo('root')));
      root.server.on('upgrade', (request, socket) => {
        headers = request.headers;
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-A: b\r\n\r\nnope');
      });
      const proxy = await run('--default-target', root.url);
      const { text, closed } = await raw(proxy.port, HEAD);
      expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
      expect(text).toContain('x-a: b');
      expect(text.endsWith('\r\n\r\nnope')).toBe(true);
      expect(closed).toBe(true);
      expect(headers).toMatchObject({
        'x-forwarded-proto': 'ws',
        'x-forwarded-for': '127.0.0.1',
        upgrade: 'websocket',
      });
      expect(headers).not.toHaveProperty('x-forwarded-host');
    });

    it('a refusal without a length is chunked and complete', async () => {
      const root = own(await target((_request, response) => response.end('body')));
      const proxy = await run('--default-target', root.url);
      root.server.on('upgrade', (_request, socket) => {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\nwho are you');
      });
      const { text, closed } = await raw(proxy.port, HEAD);
      expect(text).toContain('transfer-encoding: chunked');
      expect(text.endsWith('b\r\nwho are you\r\n0\r\n\r\n')).toBe(true);
      expect(closed).toBe(true);
    });

    it('a client that vanishes leaves no connection to the target', async () => {
      let open = 0;
      const root = own(await target(echo('root')));
      const sockets = new WebSocketServer({ server: root.server });
      sockets.on('connection', (one) => {
        open += 1;
        one.on('close', () => {
          open -= 1;
        });
      });
      const proxy = await run('--default-target', root.url);
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
      for (const how of ['destroy', 'reset'] as const) {
        const socket = connect(proxy.port, '127.0.0.1');
        socket.write(HEAD.replace(/\r\n$/, key));
        await expect.poll(() => open).toBe(1);
        if (how === 'reset') socket.resetAndDestroy();
        else socket.destroy();
        await expect.poll(() => open, { timeout: 8000 }).toBe(0);
      }
    });

    it('upgrades are checked like requests', async () => {
      const proxy = await withEcho();
      for (const [head, status] of [
        [HEAD.replace('Host: x', 'Host: x\r\nHost: y'), '400'],
        [HEAD.replace('GET /', 'GET /%'), '400'],
      ] as const) {
        const { text, closed } = await raw(proxy.port, head);
        expect(text.slice(9, 12)).toBe(status);
        expect(closed).toBe(true);
      }
      const post = HEAD.replace('GET /', 'POST /x').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nhi');
      expect((await raw(proxy.port, post)).text).toContain('"body":"hi"');
    });
  });

  describe('the REST API', () => {
    it('takes the token before the body, and no more body than it needs', async () => {
      const proxy = await run();
      const big = 'x'.repeat(2_000_000);
      const refused = await ask(proxy.apiUrl, { path: '/api/routes/x', method: 'POST', body: 'not json' });
      expect(refused.status).toBe(403);
      const outcome = await proxy.api('/x', { method: 'POST', body: big }).then(
        (reply) => reply.status,
        () => 'closed',
      );
      expect([413, 'closed']).toContain(outcome);
      for (const authorization of ['token', 'token ', 'token TT', 'Bearer T', '', 't'.repeat(5000)]) {
        expect((await proxy.api('/', { headers: { authorization } })).status).toBe(403);
      }
      expect((await proxy.api('/', { headers: { authorization: 'x token   T' } })).status).toBe(200);
    });

    it('keeps members as they are posted, and survives hostile ones', async () => {
      const proxy = await run();
      const body = '{"target": "http://x", "__proto__": {"a": 1}, "user": "u", "last_activity": "never"}';
      expect((await proxy.api('/__proto__', { method: 'POST', body })).status).toBe(201);
      const text = (await proxy.api('/')).body;
      expect(text).toMatch(
        /^\{"\/__proto__":\{"target":"http:\/\/x","__proto__":\{"a":1\},"user":"u","last_activity":"2/,
      );
      for (const bad of ['', '[]', '1', 'null', '{"target":1}', '{}', '{"target":"x"']) {
        expect((await proxy.api('/x', { method: 'POST', body: bad })).status, bad).toBe(400);
      }
      expect((await proxy.api('/', { method: 'DELETE' })).status).toBe(404);
    });

    it('shows no second line in its log', async () => {
      const proxy = await run();
      await proxy.api('/x', {
        method: 'POST',
        body: JSON.stringify({ target: 'http://x\n[ConfigProxy] forged' }),
      });
      expect(proxy.lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
      expect(proxy.lines.join('')).toContain('Route added /x ->');
    });

    it('speaks mutual TLS', async () => {
      const files = [
        '--api-ssl-key',
        pem('server.key'),
        '--api-ssl-cert',
        pem('server.crt'),
        '--api-ssl-ca',
        pem('ca.crt'),
      ];
      const proxy = await run(...files, '--api-ssl-request-cert', '--api-ssl-reject-unauthorized');
      const ca = readFileSync(pem('ca.crt'));
      const cert = { key: readFileSync(pem('client.key')), cert: readFileSync(pem('client.crt')) };
      expect((await proxy.api('/', { tls: { ca, ...cert } })).status).toBe(200);
      await expect(proxy.api('/', { tls: { ca } })).rejects.toThrow();
    });
  });

  describe('error pages', () => {
    it('an error target that is gone or silent leaves a plain answer', async () => {
      const proxy = await run('--error-target', `http://127.0.0.1:${await freePort()}`);
      expect(await ask(proxy.url)).toMatchObject({ status: 404, body: 'Not Found' });
    });

    it('an error folder without pages too', async () => {
      const proxy = await run('--error-path', '/nowhere');
      expect(await ask(proxy.url)).toMatchObject({ status: 404, body: 'Not Found' });
    });
  });

  describe('a taken port', () => {
    it('is named', async () => {
      const held = own(await target(() => undefined));
      const port = await freePort();
      const argv = [
        '--ip',
        '127.0.0.1',
        '--port',
        String(held.port),
        '--api-ip',
        '127.0.0.1',
        '--api-port',
        String(port),
      ];
      const proxy = own(
        new RoutingProxy(
          resolveOptions(Flags.parse(argv), {}),
          new ProxyLog({ write: () => undefined }, 'error'),
        ),
      );
      await expect(proxy.provision()).rejects.toThrow(
        `public listener: listen EADDRINUSE: address already in use 127.0.0.1:${held.port}`,
      );
    });
  });
});
