/**
 * Bodies through every engine: whole and in order both ways, bounded by the slower side, and never a byte of one
 * user in another's answer. Then sides that vanish in the middle.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../core/package-root.js';
import { ask, echo, raw, rawTarget, target } from '../../../test/support/http.js';
import { proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { WAYS } from '../../../test/support/ways.js';

const MEGABYTE = 1024 * 1024;
const pem = (name: string): Buffer => readFileSync(join(packageRoot(), 'test', 'fixtures', 'tls', name));

/** Octets that tell their place and their owner. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const period = Math.min(length, PERIOD);
  for (let at = 0; at < period; at += 1) bytes[at] = (at * 31 + (at >> 8) * 7 + seed * 101) & 0xff;
  for (let at = period; at < length; at += period) bytes.copy(bytes, at, 0, Math.min(period, length - at));
  return bytes;
}
/** A prime, so that no piece of any size falls on the same octets as the one before. */
const PERIOD = 65_537;

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each(WAYS)('bodies through %s', (engine) => {
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });
  const behind = async (url: string) => own(await proxyInProcess(engine, '--default-target', url));

  it('100 MB come down and go up, byte for byte', async () => {
    const block = pattern(MEGABYTE, 1);
    const whole = createHash('sha256');
    for (let count = 0; count < 100; count += 1) whole.update(block);
    const expected = whole.digest('hex');
    const root = own(
      await target((request, response) => {
        if (request.method === 'POST') {
          const hash = createHash('sha256');
          request.on('data', (chunk: Buffer) => hash.update(chunk));
          request.on('end', () => response.end(hash.digest('hex')));
          return;
        }
        const chunked = request.url === '/chunked';
        response.writeHead(200, chunked ? {} : { 'content-length': 100 * MEGABYTE });
        sendBlocks(response, block, 100);
      }),
    );
    const proxy = await behind(root.url);
    for (const path of ['/length', '/chunked']) expect(await downloadDigest(proxy.port, path)).toBe(expected);
    expect(await upload(proxy.port, block, 100, { 'content-length': `${100 * MEGABYTE}` })).toBe(expected);
    expect(await upload(proxy.port, block, 10, { 'transfer-encoding': 'chunked' })).toHaveLength(64);
  });

  it('slow readers get their own bytes while others share the connections to the target', async () => {
    const root = own(
      await target((request, response) => {
        const seed = Number((request.url ?? '').slice(1));
        const body = pattern(300_000 + seed * 1000, seed);
        // Pieces of all sizes, so that reads end anywhere.
        response.writeHead(200, seed % 2 === 0 ? { 'content-length': body.length } : {});
        for (let at = 0; at < body.length; at += 7000 + seed)
          response.write(body.subarray(at, at + 7000 + seed));
        response.end();
      }),
    );
    const proxy = await behind(root.url);
    await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        for (let round = 0; round < 3; round += 1) {
          const seed = index * 3 + round;
          const got = await slowDownload(proxy.port, `/${seed}`, index % 3);
          expect(digest(got), `${seed}`).toBe(digest(pattern(300_000 + seed * 1000, seed)));
        }
      }),
    );
  });

  // More than kernels hold for a connection, so that some of it waits in the proxy while others are served.
  const LARGE = 16 * MEGABYTE;

  it("what waits for a slow target is not read over by another client's", async () => {
    const root = own(
      await target((request, response) => {
        const hash = createHash('sha256');
        request.on('data', (chunk: Buffer) => hash.update(chunk));
        request.on('end', () => response.end(hash.digest('hex')));
        if (request.url === '/slow') holdUp(request);
      }),
    );
    const proxy = await behind(root.url);
    const slow = Array.from({ length: 3 }, (_, seed) =>
      post(proxy.port, '/slow', pattern(LARGE, seed), 5003 + seed),
    );
    for (let seed = 10; seed < 40; seed += 1) {
      const body = pattern([900, 40_000, 300_000, 17_000][seed % 4] ?? 0, seed);
      expect(await post(proxy.port, '/fast', body, 9001)).toBe(digest(body));
    }
    expect(await Promise.all(slow)).toEqual([0, 1, 2].map((seed) => digest(pattern(LARGE, seed))));
  });

  it("what waits for a slow reader is not read over by what follows, or by another's", async () => {
    const root = own(
      await target(async (request, response) => {
        const seed = Number((request.url ?? '').slice(1));
        const body = pattern(seed < 3 ? LARGE : 20_000, seed);
        response.writeHead(200, seed % 2 === 0 ? { 'content-length': body.length } : {});
        // Little by little, so that what waits is less than what would stop the reading.
        for (let at = 0; at < body.length; at += 5003) {
          if (!response.write(body.subarray(at, at + 5003))) await once(response, 'drain');
          else await nextTurn();
        }
        response.end();
      }),
    );
    const proxy = await behind(root.url);
    const read = async (seed: number): Promise<Buffer> => {
      const answer = await open(proxy.port, `/${seed}`);
      if (seed < 3) await delay(1500);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    };
    const slow = [0, 1, 2].map((seed) => read(seed));
    for (let seed = 3; seed < 40; seed += 1)
      expect(digest(await read(seed))).toBe(digest(pattern(20_000, seed)));
    expect((await Promise.all(slow)).map(digest)).toEqual(
      [0, 1, 2].map((seed) => digest(pattern(LARGE, seed))),
    );
  });

  it('an answer that came in one piece and waits for its reader is not read over', async () => {
    const root = own(
      await rawTarget((socket) => {
        socket.on('data', (request: Buffer) => {
          for (const [, seed] of request.toString('latin1').matchAll(/GET \/(\d+) /g)) {
            const head = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n');
            socket.write(Buffer.concat([head, pattern(40_000, Number(seed))]));
          }
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    // One after another on one connection, until the kernel takes no more of one that has come whole.
    const count = 400;
    const socket = ownSocket(connect(proxy.port, '127.0.0.1'));
    socket.pause();
    for (let seed = 0; seed < count; seed += 1) {
      const last = seed === count - 1 ? 'Connection: close\r\n' : '';
      socket.write(`GET /${seed} HTTP/1.1\r\nHost: x\r\n${last}\r\n`);
    }
    await delay(700);
    for (let seed = 0; seed < 20; seed += 1) await downloadDigest(proxy.port, `/${1000 + seed}`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const all = Buffer.concat(chunks);
    for (let seed = 0, at = 0; seed < count; seed += 1) {
      const start = all.indexOf('\r\n\r\n', at) + 4;
      at = start + 40_000;
      expect(digest(all.subarray(start, at)), `${seed}`).toBe(digest(pattern(40_000, seed)));
    }
  });

  it('what waits for a handshake with the target is not read over by what follows', async () => {
    const secure = createTlsServer({ key: pem('server.key'), cert: pem('server.crt') }, (socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const all = Buffer.concat(chunks).toString('latin1');
        const body = all.slice(all.indexOf('\r\n\r\n') + 4);
        if (body.length === 10) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n${body}`);
      });
      socket.on('error', () => socket.destroy());
    });
    const late = own(
      await rawTarget((socket) => {
        setTimeout(() => secure.emit('connection', socket), 500);
      }),
    );
    const proxy = own(
      await proxyInProcess(engine, '--default-target', `https://127.0.0.1:${late.port}`, '--insecure'),
    );
    const socket = ownSocket(connect(proxy.port, '127.0.0.1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
    for (const digit of '0123456789') {
      await delay(20);
      socket.write(digit);
    }
    await expect.poll(() => text, { timeout: 5000 }).toMatch(/\r\n\r\n0123456789$/);
  });

  it('what waits in a tunnel is not read over by what comes through another', async () => {
    const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const size = (seed: number): number => (seed < 3 ? LARGE : ([700, 60_000, 900_000, 4096][seed % 4] ?? 0));
    // Says its own, from the packet of its answer on, and then back what it is told.
    const root = own(
      await rawTarget((socket) => {
        socket.once('data', (request) => {
          const seed = Number(/^GET \/(\d+) /.exec(request.toString('latin1'))?.[1]);
          const body = pattern(size(seed), seed);
          socket.write(Buffer.concat([Buffer.from(SWITCH), body.subarray(0, 500)]));
          socket.pause();
          for (let at = 500; at < body.length; at += 5003 + seed)
            socket.write(body.subarray(at, at + 5003 + seed));
          // The slow ones read nothing for a while.
          setTimeout(() => socket.pipe(socket), seed < 3 ? 1500 : 0);
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    const talk = async (seed: number): Promise<void> => {
      const socket = ownSocket(connect(proxy.port, '127.0.0.1'));
      socket.write(`GET /${seed} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      const told = pattern(size(seed), seed + 100);
      for (let at = 0; at < told.length; at += 7001 + seed) socket.write(told.subarray(at, at + 7001 + seed));
      if (seed < 3) await delay(1500);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of socket) {
        chunks.push(chunk as Buffer);
        length += (chunk as Buffer).length;
        if (length >= 2 * size(seed) + SWITCH.length - 50) {
          const all = Buffer.concat(chunks);
          const start = all.indexOf('\r\n\r\n') + 4;
          if (all.length - start >= 2 * size(seed)) {
            expect(digest(all.subarray(start)), `${seed}`).toBe(
              digest(Buffer.concat([pattern(size(seed), seed), told])),
            );
            return;
          }
        }
      }
      expect.unreachable(`tunnel ${seed} ended after ${length} octets`);
    };
    const overwriting = setInterval(overwriteFreed, 1);
    const slow = [0, 1, 2].map((seed) => talk(seed));
    await delay(500);
    clearInterval(overwriting);
    for (let seed = 3; seed < 40; seed += 1) await talk(seed);
    await Promise.all(slow);
  });

  it('a reader that stops stops the target, and a target that stops stops the upload', async () => {
    let sent = 0;
    const root = own(
      await rawTarget((socket) => {
        socket.once('data', (first) => {
          if (first.toString('latin1').startsWith('POST')) {
            socket.pause();
            return;
          }
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
          const block = Buffer.alloc(64 * 1024);
          const more = (): void => {
            let room = true;
            while (room && !socket.destroyed) {
              room = socket.write(block);
              sent += block.length;
            }
          };
          socket.on('drain', more);
          more();
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    const reader = ownSocket(connect(proxy.port, '127.0.0.1'));
    reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    reader.pause();
    await settled(() => sent);
    expect(sent).toBeLessThan(40 * MEGABYTE);

    const writer = ownSocket(connect(proxy.port, '127.0.0.1'));
    writer.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n`);
    let taken = 0;
    const block = Buffer.alloc(64 * 1024);
    const push = (): void => {
      let room = true;
      while (room && !writer.destroyed) {
        room = writer.write(block, () => {
          taken += block.length;
        });
      }
    };
    writer.on('drain', push);
    push();
    await settled(() => taken);
    expect(taken).toBeLessThan(40 * MEGABYTE);
  });

  it('an answer before the end of the upload reaches the client', async () => {
    const root = own(
      await rawTarget((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever');
          socket.on('data', () => undefined);
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    const { text } = await raw(proxy.port, [
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc',
      'def',
      'ghi',
    ]);
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(text.endsWith('never')).toBe(true);
    // The connection whose upload was not finished is not used for anybody else.
    const other = await raw(proxy.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na', 500);
    expect(other.text).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('surplus octets of a target never become an answer', async () => {
    const root = own(
      await rawTarget((socket) => {
        socket.on('data', (bytes) => {
          const path = /^\w+ (\S+)/.exec(bytes.toString('latin1'))?.[1] ?? '';
          const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
          socket.write(
            path.startsWith('/two') ? `${answer}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` : answer,
          );
          if (path.startsWith('/late'))
            setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 20);
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    for (let round = 0; round < 5; round += 1) {
      expect((await ask(`${proxy.url}/two${round}`)).body).toBe(`/two${round}`);
      expect((await ask(`${proxy.url}/late${round}`)).body).toBe(`/late${round}`);
      await delay(30);
      expect((await ask(`${proxy.url}/one${round}`)).body).toBe(`/one${round}`);
    }
  });

  it('interim answers are not taken for the final one', async () => {
    const root = own(
      await rawTarget((socket) => {
        socket.on('data', () => {
          socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
          setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 20);
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    for (let round = 0; round < 3; round += 1) {
      expect(await ask(proxy.url)).toMatchObject({ status: 200, body: 'ok' });
    }
  });

  it('a body that ends with the connection is whole; HEAD, 204 and 304 have none', async () => {
    const root = own(
      await rawTarget((socket) => {
        socket.on('data', (bytes) => {
          const [method, path] = bytes.toString('latin1').split(' ');
          if (path === '/old') socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end');
          else if (method === 'HEAD') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
          else socket.write(`HTTP/1.1 ${path?.slice(1)} X\r\nETag: "a"\r\n\r\n`);
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    expect((await ask(`${proxy.url}/old`)).body).toBe('until the end');
    const head = await ask(`${proxy.url}/x`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('1000');
    for (const status of [204, 304]) {
      const reply = await ask(`${proxy.url}/${status}`);
      expect(reply).toMatchObject({ status, body: '' });
      expect(reply.headers['etag']).toBe('"a"');
    }
  });

  it('whoever vanishes leaves nothing open', async () => {
    const open = new Set<Socket>();
    const root = own(
      await rawTarget((socket) => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
        socket.on('data', (bytes) => {
          const text = bytes.toString('latin1');
          if (text.includes('/die')) socket.resetAndDestroy();
          else if (text.includes('/part')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
          else if (text.includes('/halfdie')) {
            socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
            setTimeout(() => socket.resetAndDestroy(), 10);
          }
        });
      }),
    );
    const proxy = await behind(`http://127.0.0.1:${root.port}`);
    const upload = 'POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc';
    const started = [
      'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /part HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /die HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /halfdie HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /die HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc',
      'GET /ha',
      upload,
    ];
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(started.map((bytes, index) => abandon(proxy.port, bytes, (index + round) % 2 === 0)));
    }
    await expect.poll(() => open.size, { timeout: 15_000 }).toBe(0);
    expect(proxy.lines.join('')).not.toContain('Uncaught');
  });

  it('an event that comes late comes at once', async () => {
    const root = own(
      await target((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        setTimeout(() => response.write('data: 1\n\n'), 100);
      }),
    );
    const proxy = await behind(root.url);
    const { text, closed } = await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 600);
    expect(text).toContain('text/event-stream');
    expect(text).toContain('data: 1');
    expect(closed).toBe(false);
  });

  it.skipIf(engine.split(' ')[0] !== 'raw')('a client that only ends its half gets its answer', async () => {
    const root = own(
      await target((request, response) => setTimeout(() => echo('root')(request, response), 100)),
    );
    const proxy = await behind(root.url);
    const socket = ownSocket(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
    socket.end('POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('latin1');
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('"body":"abc"');
  });

  // Node's parser takes the end of a half for the end of interest; its switch for that (`httpAllowHalfOpen`) is undocumented.
  it('a client that only ends its half is dropped where Node parses', async () => {
    const root = own(
      await target((request, response) => setTimeout(() => echo('root')(request, response), 100)),
    );
    const proxy = await behind(root.url);
    const socket = ownSocket(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
    const began = performance.now();
    socket.end('POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString('latin1')).toBe('');
    // At once, not when some clock runs out.
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it.each(['last words', ''])(
    'a client that ends its half before the target agrees to a WebSocket ends the tunnel: %j',
    async (words) => {
      let told: ((text: string) => void) | undefined;
      const ended = new Promise<string>((resolve) => {
        told = resolve;
      });
      const root = own(
        await rawTarget((socket) => {
          let text = '';
          socket.on('data', (bytes) => {
            text += bytes.toString('latin1');
          });
          socket.once('data', () =>
            setTimeout(
              () =>
                socket.write(
                  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
                ),
              200,
            ),
          );
          socket.once('end', () => told?.(text));
        }),
      );
      const proxy = await behind(`http://127.0.0.1:${root.port}`);
      const socket = ownSocket(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await delay(50);
      socket.end(words);
      expect((await ended).split('\r\n\r\n')[1]).toBe(words);
      await closed;
    },
    15_000,
  );

  it('says the same to a target as the reference does', async () => {
    const root = own(await target(echo('root')));
    const reference = own(await proxyInProcess('http-proxy-3', '--default-target', root.url));
    const proxy = await behind(root.url);
    const fields = [
      'Host: Hub.Example:8000',
      'X-Forwarded-For: 1.2.3.4',
      'X-FORWARDED-PROTO: https',
      'X-Forwarded-Host: a.b',
      'X-Forwarded-Port: 99',
      'Cookie: a=b; c=d',
      'Accept: text/html,  a/b',
      'Te: trailers',
      'Keep-Alive: 30',
      'X-Empty:',
      'X-Latin: \u00e4\u00ff',
      'Constructor: x',
    ];
    for (const [method, path, body] of [
      ['GET', '/a/../b?x=%20&y=z#f', ''],
      ['POST', '/%7Ea//b', 'abc'],
      ['DELETE', '/d', 'a'],
      ['PUT', '//e', ''],
    ] as const) {
      const length = body === '' ? [] : [`Content-Length: ${body.length}`];
      const bytes = `${method} ${path} HTTP/1.1\r\n${[...fields, ...length, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
      const [ours, theirs] = await Promise.all(
        [proxy, reference].map(async ({ port }) =>
          JSON.parse(/\{.*\}/s.exec((await raw(port, bytes)).text)?.[0] ?? '{}'),
        ),
      );
      for (const seen of [ours, theirs]) {
        // Ours to the target, and what Node adds to a request without a body.
        delete seen.headers.connection;
        if (seen.headers['content-length'] === '0') delete seen.headers['content-length'];
      }
      expect(ours.url).toBe(theirs.url);
      expect(ours).toEqual(theirs);
    }
  });

  const ownSocket = (socket: Socket): Socket => {
    socket.on('error', () => socket.destroy());
    own({
      async [Symbol.asyncDispose]() {
        socket.destroy();
      },
    });
    return socket;
  };
});

function sendBlocks(response: NodeJS.WritableStream, block: Buffer, count: number): void {
  let left = count;
  const more = (): void => {
    while (left > 0) {
      left -= 1;
      if (!response.write(block)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

function open(port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false }, resolve);
    request.on('error', reject);
    request.end();
  });
}

async function downloadDigest(port: number, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await open(port, path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function slowDownload(port: number, path: string, pause: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const answer = await open(port, path);
  let count = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    count += 1;
    if (pause > 0 && count % 3 === 0) await delay(pause * 4);
  }
  return Buffer.concat(chunks);
}

function upload(
  port: number,
  block: Buffer,
  count: number,
  headers: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method: 'POST', path: '/up', headers, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve(text));
      },
    );
    request.on('error', reject);
    sendBlocks(request, block, count);
  });
}

/** Sends and goes away a moment later. */
async function abandon(port: number, bytes: string, reset: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.write(bytes);
  await delay(50);
  if (reset) socket.resetAndDestroy();
  else socket.destroy();
}

/** Until the number does not change any more. */
async function settled(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await delay(300);
  }
}

/** Writes to memory of the size of a read that nobody holds any more. */
function overwriteFreed(): void {
  const taken = Array.from({ length: 50 }, () => Buffer.allocUnsafeSlow(64 * 1024).fill('!'));
  expect(taken).toHaveLength(50);
}

/** Reads nothing for a while. */
function holdUp(stream: { pause(): unknown; resume(): unknown }): void {
  stream.pause();
  setTimeout(() => stream.resume(), 1500);
}

/** In pieces of `size`. @returns the answer's body */
function post(port: number, path: string, body: Buffer, size: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': `${body.length}` };
    const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    for (let at = 0; at < body.length; at += size) request.write(body.subarray(at, at + size));
    request.end();
  });
}
