/** What is sent in pieces, on real connections: when it is read, how far, and what others notice of it. */
import { connect, type Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { ANONYMOUS, type Principal } from '../principal.js';
import { installBodyParser } from './body.js';
import { installErrorHandling } from './errors.js';
import type { BodyBounds } from './incoming-body.js';
import { PUBLIC, SIGNED_IN } from './route-config.js';

const KIB = 1024;
const SERVICE = { kind: 'service', service: { id: 1 } } as Principal;
const user = (id: number): Principal => ({ kind: 'user', user: { id } }) as Principal;
const open: Array<FastifyInstance | Socket> = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    if ('destroy' in each) each.destroy();
    else await each.close();
  }
});

/** @param principal whoever sends, or each request's sender by its `x-user` */
async function listening(
  principal: Principal | ((request: FastifyRequest) => Principal),
  bounds: BodyBounds = { all: 1024 * KIB, each: 1024 * KIB },
): Promise<number> {
  const app = Fastify({ bodyLimit: 512 * KIB, forceCloseConnections: true });
  open.push(app);
  installBodyParser(app, bounds);
  installErrorHandling(app, { log: silentLog, apiPrefix: '/', renderErrorPage: async () => '' });
  app.decorateRequest('principal', {
    getter(this: FastifyRequest) {
      return typeof principal === 'function' ? principal(this) : principal;
    },
  });
  const octets = (body: unknown) => ({ octets: Buffer.isBuffer(body) ? body.length : 0 });
  app.post('/public', { config: { access: PUBLIC } }, (request) => octets(request.body));
  app.post('/inside', { config: { access: SIGNED_IN } }, (request) => octets(request.body));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

interface Sender {
  readonly socket: Socket;
  /** What has come back. */
  said(): string;
}

/** Announces so many octets and sends some of them. */
function sending(
  port: number,
  path: string,
  announced: number,
  sent: number,
  { chunked = false, id = 0 } = {},
): Sender {
  let text = '';
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${announced}`;
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nX-User: ${id}\r\nContent-Type: text/plain\r\n${length}\r\n\r\n`,
    );
    const end = sent === announced ? '\r\n0\r\n\r\n' : '';
    socket.write(chunked ? `${announced.toString(16)}\r\n${'a'.repeat(sent)}${end}` : 'a'.repeat(sent));
  });
  open.push(socket);
  socket.on('data', (part) => {
    text += part.toString();
  });
  // The server may cut what it refused.
  socket.on('error', (error) => {
    text += error.message;
  });
  return { socket, said: () => text };
}

const status = (sender: Sender): string | undefined => sender.said().split(' ')[1];

describe('a body of somebody unknown', () => {
  it('is not waited for where only known people enter', async () => {
    const sender = sending(await listening(ANONYMOUS), '/inside', 500 * KIB, 10);
    await expect.poll(sender.said).toMatch(/^HTTP\/1\.1 200 [\s\S]*"octets":0/);
  });

  it.each([false, true])('is read up to 64 KB elsewhere (chunked: %s)', async (chunked) => {
    const port = await listening(ANONYMOUS);
    const enough = sending(port, '/public', 64 * KIB, 64 * KIB, { chunked });
    await expect.poll(enough.said).toContain('"octets":65536');
    const much = sending(port, '/public', 65 * KIB, 65 * KIB, { chunked });
    await expect.poll(() => status(much)).toBe('413');
  });

  it('cannot take the room that others need, and signing in needs none', async () => {
    const port = await listening(ANONYMOUS, { all: 800 * KIB, each: 200 * KIB });
    const idle = Array.from({ length: 6 }, () => sending(port, '/public', 64 * KIB, 64 * KIB - 1));
    await expect.poll(() => idle.filter((each) => status(each) === '503')).toHaveLength(3);
    expect(idle.map((each) => each.said()).join()).toContain('retry-after: 5');
    const form = sending(port, '/public', 8 * KIB, 8 * KIB);
    await expect.poll(form.said).toContain('"octets":8192');
  });
});

describe('bodies of known people', () => {
  it('are read up to what the route takes', async () => {
    const port = await listening(SERVICE);
    await expect.poll(sending(port, '/inside', 512 * KIB, 512 * KIB).said).toContain('"octets":524288');
    const much = sending(port, '/inside', 513 * KIB, 0);
    await expect.poll(() => status(much)).toBe('413');
  });

  it('together take no more than the room for all, which is free again when they have gone', async () => {
    const port = await listening(SERVICE);
    const idle = Array.from({ length: 4 }, () => sending(port, '/inside', 400 * KIB, 399 * KIB));
    await expect.poll(() => idle.filter((each) => status(each) === '503')).toHaveLength(2);
    for (const each of idle) each.socket.destroy();
    await expect
      .poll(async () => {
        const next = [1, 2].map(() => sending(port, '/inside', 400 * KIB, 400 * KIB));
        await expect.poll(() => next.every((each) => status(each) !== undefined)).toBe(true);
        return next.map(status);
      })
      .toEqual(['200', '200']);
  });

  it('of one of them leave room for those of others', async () => {
    const port = await listening(({ headers }) => user(Number(headers['x-user'])), {
      all: 1024 * KIB,
      each: 500 * KIB,
    });
    const idle = Array.from({ length: 3 }, () => sending(port, '/inside', 400 * KIB, 399 * KIB, { id: 1 }));
    await expect.poll(() => idle.filter((each) => status(each) === '503')).toHaveLength(2);
    const other = sending(port, '/inside', 400 * KIB, 400 * KIB, { id: 2 });
    await expect.poll(other.said).toContain('"octets":409600');
  });

  it('leave the room when they have been answered', async () => {
    const port = await listening(SERVICE);
    for (let turn = 0; turn < 8; turn++) {
      await expect.poll(sending(port, '/inside', 400 * KIB, 400 * KIB).said).toContain('"octets":409600');
    }
  });
});
