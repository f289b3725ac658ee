import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from '../../protocol/limits.js';
import { Coalescer } from './coalescer.js';
import { holdFrom, shouldPause } from './flow.js';
import { InputLog } from './input-log.js';
import { InputQueue } from './input-queue.js';
import { shellCommand, shellEnvironment, workingDirectory } from './shell.js';

describe('coalescing', () => {
  it('sends an echo at once, joins a flood, and keeps the order', async () => {
    const sent: Buffer[] = [];
    using coalescer = new Coalescer((chunk) => sent.push(chunk));
    coalescer.push(Buffer.from('a'));
    expect(sent.map(String)).toEqual(['a']);
    for (let count = 0; count < 40; count += 1) coalescer.push(Buffer.alloc(4096, count));
    await delay(20);
    expect(Buffer.concat(sent).length).toBe(1 + 40 * 4096);
    expect(
      Buffer.concat(sent)
        .subarray(1)
        .every((byte, index) => byte === Math.floor(index / 4096)),
    ).toBe(true);
    expect(sent.length).toBeLessThan(20);
    expect(Math.max(...sent.map((chunk) => chunk.length))).toBeLessThanOrEqual(64 * 1024 + 4096);
  });
});

describe('flow control', () => {
  const reader = (sent: number, confirmed: number, buffered = 0) => ({ sent, confirmed, buffered });

  it('stops above the high mark and goes on below the low one', () => {
    expect(shouldPause(false, 0, [reader(HIGH_WATER_BYTES, 0)], [], 0)).toBe(false);
    expect(shouldPause(false, 0, [reader(HIGH_WATER_BYTES + 1, 0)], [], 0)).toBe(true);
    expect(shouldPause(true, 0, [reader(LOW_WATER_BYTES + 1, 0)], [], 0)).toBe(true);
    expect(shouldPause(true, 0, [reader(LOW_WATER_BYTES, 0)], [], 0)).toBe(false);
    expect(shouldPause(false, 0, [reader(5, 5, HIGH_WATER_BYTES + 1)], [], 0)).toBe(true);
  });

  it('waits for a lost reader only while nobody else is there, and only for a while', () => {
    const absent = [{ confirmed: 0, until: 100 }];
    const end = HIGH_WATER_BYTES + 1;
    expect(shouldPause(false, end, [], absent, 50)).toBe(true);
    expect(shouldPause(false, end, [], absent, 100)).toBe(false);
    expect(shouldPause(false, end, [reader(end, end)], absent, 50)).toBe(false);
    expect(shouldPause(true, end, [], [], 50)).toBe(false);
  });

  it('keeps output for those who lack it, within limits', () => {
    expect(holdFrom(1000, [reader(1000, 400)], [{ confirmed: 300, until: 9 }], 5)).toBe(300);
    expect(holdFrom(1000, [reader(1000, 400)], [{ confirmed: 300, until: 9 }], 10)).toBe(400);
    expect(holdFrom(50_000_000, [reader(50_000_000, 0)], [], 0)).toBe(50_000_000 - 2 * HIGH_WATER_BYTES);
  });
});

describe('input', () => {
  it('is counted for each page, without end of pages', () => {
    const log = new InputLog();
    log.add('a', 5);
    expect(log.add('a', 3)).toBe(8);
    for (let count = 0; count < 64; count += 1) log.add(`page-${count}`, 1);
    expect(log.received('a')).toBe(0);
    expect(log.received('page-63')).toBe(1);
  });

  it('is written at once, in order, and waits when the terminal takes no more', async () => {
    const taken: Buffer[] = [];
    let room = 6;
    let drained = 0;
    const write = (_fd: number, data: Buffer): number => {
      if (room === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
      const count = Math.min(room, data.length);
      taken.push(Buffer.from(data.subarray(0, count)));
      room -= count;
      return count;
    };
    using queue = new InputQueue({
      fd: 9,
      capBytes: 8,
      onGone: () => undefined,
      onDrain: () => (drained += 1),
      write,
    });
    queue.push(Buffer.from('abc'));
    queue.push(Buffer.from('defgh'));
    queue.push(Buffer.from('ijklmnop'));
    expect(Buffer.concat(taken).toString()).toBe('abcdef');
    expect(queue.full).toBe(true);
    room = 100;
    await delay(50);
    expect(Buffer.concat(taken).toString()).toBe('abcdefghijklmnop');
    expect({ bytes: queue.bytes, full: queue.full, drained: drained > 0 }).toEqual({
      bytes: 0,
      full: false,
      drained: true,
    });
  });

  it('stops when the terminal is gone', () => {
    const gone: unknown[] = [];
    const write = (): number => {
      throw Object.assign(new Error('gone'), { code: 'EIO' });
    };
    using queue = new InputQueue({
      fd: 9,
      capBytes: 8,
      onGone: (error) => gone.push(error),
      onDrain: () => undefined,
      write,
    });
    queue.push(Buffer.from('x'));
    queue.push(Buffer.from('y'));
    expect({ gone: gone.length, bytes: queue.bytes }).toEqual({ gone: 1, bytes: 0 });
  });
});

describe('the shell', () => {
  it('gets no secret of hub or server, and keeps what people use', () => {
    const env = shellEnvironment({
      JUPYTERHUB_API_TOKEN: 's',
      JPY_API_TOKEN: 's',
      JUPYTERHUB_CLIENT_ID: 's',
      JUPYTERHUB_SSL_KEYFILE: 's',
      ANTEROOM_LISTEN_FD: '3',
      ANTEROOM_SPAWN_ID: 's',
      JUPYTERHUB_USER: 'alice',
      PATH: '/bin',
      TERM: 'dumb',
    });
    expect(env).toEqual({
      JUPYTERHUB_USER: 'alice',
      PATH: '/bin',
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
    });
  });

  it('is the login shell, or one that exists, and is never a word of a command line', () => {
    expect(shellCommand({ SHELL: '/bin/sh' }).args.slice(-2)).toEqual(['/bin/sh', '-l']);
    expect(shellCommand({ SHELL: '/bin/none; reboot' }, (file) => file === '/bin/sh')).toMatchObject({
      file: '/bin/sh',
      args: ['-c', 'stty iutf8 2>/dev/null; exec "$0" "$@"', '/bin/sh', '-l'],
    });
  });

  it('starts in the root dir, or at home when there is none', () => {
    expect(workingDirectory({ JUPYTERHUB_ROOT_DIR: '/tmp', HOME: '/' })).toBe('/tmp');
    expect(workingDirectory({ JUPYTERHUB_ROOT_DIR: '~', HOME: '/tmp' })).toBe('/tmp');
    expect(workingDirectory({ JUPYTERHUB_ROOT_DIR: '/nowhere', HOME: '/tmp' })).toBe('/tmp');
  });
});
