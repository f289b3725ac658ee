/**
 * Hostile clients and targets through the process: each is refused or bounded, and somebody else, who asks all the
 * while, never notices.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { DEFAULT_ENGINE, ENGINES } from '../../proxy/server/engine-names.js';
import { ask, echo, raw, rawTarget, seenBy, type Target, target } from '../support/http.js';
import { type ProxyProcess, startProxy } from '../support/proxy-process.js';

const MEGABYTE = 1024 * 1024;

describe.each(ENGINES)('%s', (engine) => {
  let root: Target;
  let proxy: ProxyProcess;
  let others: Others;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    root = await target(echo('root'));
    proxy = await startProxy(distScript('proxy/server/main.js'), {
      args: ['--engine', engine, '--default-target', root.url, '--log-level', 'warn'],
    });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    others = askAllTheTime(proxy.url);
  });
  afterEach(async () => {
    expect(await others.stop()).toEqual([]);
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    expect(proxy.output()).not.toContain('Uncaught');
  });

  const open = (bytes = ''): Socket => {
    const socket = connect(proxy.port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    if (bytes !== '') socket.write(bytes);
    return socket;
  };

  // Node's own front takes half a minute longer, and is Node's.
  it.runIf(engine === DEFAULT_ENGINE)('slowloris: a head that does not end is not waited for', async () => {
    const before = residentMiB(proxy);
    const dripping = Array.from({ length: 400 }, (_, index) =>
      open(index % 2 === 0 ? 'GET / HTTP/1.1\r\nHost: x\r\n' : ''),
    );
    const drip = setInterval(() => {
      for (const socket of dripping) if (!socket.destroyed && socket.writable) socket.write('X: y\r\n');
    }, 2000);
    try {
      // A minute, and what the coarse clocks add.
      await expect.poll(() => sockets.size, { timeout: 115_000, interval: 1000 }).toBe(0);
    } finally {
      clearInterval(drip);
    }
    expect(residentMiB(proxy) - before).toBeLessThan(100);
  });

  it('thousands of fields, a line of a megabyte, a path of 65 kB', async () => {
    const status = async (bytes: string): Promise<string> =>
      (await raw(proxy.port, bytes, 5000)).text.slice(9, 12);
    const head = 'GET / HTTP/1.1\r\nHost: x\r\n';
    expect(await status(`${head}${'a:\r\n'.repeat(2100)}Connection: close\r\n\r\n`)).toBe('431');
    expect(await status(`${head}X: ${'y'.repeat(MEGABYTE)}\r\n\r\n`)).toMatch(/^(?:431)?$/);
    expect(await status(`GET /${'z'.repeat(65_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^(?:431)?$/);
    // As many as fit are served.
    expect(await status(`${head}${'a:\r\n'.repeat(1500)}Connection: close\r\n\r\n`)).toBe('200');
  });

  it('fields named like members of Object', async () => {
    const fields = '__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\ntoString: t\r\n';
    const { text } = await raw(
      proxy.port,
      `GET /odd HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`,
      5000,
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('"url":"/odd"');
  });

  it('endless extensions and trailers are refused', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    for (const bytes of [`${head}1;${'a'.repeat(MEGABYTE)}`, `${head}0\r\n${'T: u\r\n'.repeat(200_000)}`]) {
      const { closed } = await raw(proxy.port, bytes, 8000);
      expect(closed).toBe(true);
    }
  });

  it('endless bodies that nobody reads stand still, both ways', async () => {
    const deaf = await rawTarget((socket) => {
      socket.once('data', (first) => {
        socket.pause();
        if (!first.toString('latin1').startsWith('GET')) return;
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        pump(socket);
      });
    });
    await proxy.addRoute('/deaf', `http://127.0.0.1:${deaf.port}`);
    const before = residentMiB(proxy);
    for (let count = 0; count < 20; count += 1) {
      const upload = open('POST /deaf HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      pump(upload);
      const reader = open('GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n');
      reader.pause();
    }
    await delay(5000);
    expect(residentMiB(proxy) - before).toBeLessThan(150);
    await deaf[Symbol.asyncDispose]();
  });

  it('a target that sends a head without end is a 503', async () => {
    const endless = await rawTarget((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const more = (): void => {
          while (!socket.destroyed && socket.writable && socket.write('X: y\r\n'.repeat(1000)));
        };
        socket.on('drain', more);
        more();
      });
    });
    await proxy.addRoute('/endless', `http://127.0.0.1:${endless.port}`);
    expect((await ask(`${proxy.url}/endless`)).status).toBe(503);
    await endless[Symbol.asyncDispose]();
  });
});

/** Writes chunks as fast as they are taken. */
function pump(socket: Socket): void {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const more = (): void => {
    while (!socket.destroyed && socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

function residentMiB({ child }: ProxyProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

interface Others {
  /** @returns what went wrong for them */
  stop(): Promise<readonly string[]>;
}

/** Somebody else, who wants an answer now and then. */
function askAllTheTime(url: string): Others {
  const faults: string[] = [];
  let going = true;
  let asked = 0;
  const run = (async () => {
    while (going || asked === 0) {
      const path = `/other-${asked}`;
      asked += 1;
      const reply = await ask(`${url}${path}`).catch((error: Error) => error);
      if (reply instanceof Error) faults.push(`${path}: ${reply.message}`);
      else if (reply.status !== 200 || seenBy(reply).url !== path) faults.push(`${path}: ${reply.status}`);
      await delay(50);
    }
  })();
  return {
    async stop() {
      going = false;
      await run;
      return faults;
    },
  };
}
