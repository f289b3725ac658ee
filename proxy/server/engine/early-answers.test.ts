/**
 * Targets that answer before they have the whole body, and then close: the kernel answers what they did not read with a
 * reset, which must not cost the client the answer that came before it.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InProcess, proxyInProcess } from '../../../test/support/proxy-in-process.js';

const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large';

describe.each(['raw', 'raw-node'] as const)('through %s', (engine) => {
  let proxy: InProcess;
  const ends: (() => void)[] = [];

  beforeEach(async () => {
    proxy = await proxyInProcess(engine);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await proxy[Symbol.asyncDispose]();
  });

  /** Listens; each connection is handed over once it has sent something. */
  const targetOf = async (asked: (socket: Socket) => void): Promise<void> => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => asked(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the target has no port');
    await proxy.addRoute('/early', `http://127.0.0.1:${address.port}`);
  };

  const client = (framing: string): { readonly socket: Socket; readonly all: Promise<string> } => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write(`POST /early/x HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    ends.push(() => socket.destroy());
    const all = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        if (text.endsWith('too large') || text.endsWith('</html>\n')) resolve(text);
      });
      socket.on('close', () => resolve(text));
    });
    return { socket, all };
  };

  const piece = Buffer.alloc(1000, 'x');
  const chunk = Buffer.concat([Buffer.from('3e8\r\n'), piece, Buffer.from('\r\n')]);

  it.each([
    ['a length', 'Content-Length: 1000000', piece],
    ['chunks', 'Transfer-Encoding: chunked', chunk],
  ])(
    'an answer is not lost to a write that fails before it is read: a body with %s',
    async (_name, framing, part) => {
      let writing: Socket | undefined;
      await targetOf((socket) => {
        // All in one turn: the proxy finds more of the body first, then the answer, and the connection is gone by then.
        writing?.write(part);
        socket.write(ANSWER);
        socket.resetAndDestroy();
      });
      for (let round = 0; round < 20; round += 1) {
        const { socket, all } = client(framing);
        writing = socket;
        await once(socket, 'connect');
        socket.write(part);
        const text = await all;
        expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large$/);
      }
    },
  );

  it('an answer is not lost to what the client goes on sending', async () => {
    await targetOf((socket) => {
      socket.write(ANSWER);
      socket.resetAndDestroy();
    });
    const { socket, all } = client('Content-Length: 30000000');
    await once(socket, 'connect');
    // Far more than anybody reads for the sake of an answer, sent by one who does not look at answers meanwhile.
    socket.pause();
    for (let count = 0; count < 20; count += 1) socket.write(Buffer.alloc(1_000_000, 'x'));
    await delay(700);
    expect(socket.errored).toBeNull();
    socket.resume();
    expect(await all).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large$/);
    // It is not waited for without an end either.
    await expect.poll(() => socket.destroyed, { timeout: 10_000 }).toBe(true);
  });
});
