import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../core/log.js';
import { rawTarget } from '../../../test/support/http.js';
import { AccessLog } from './access-log.js';

type Line = Readonly<Record<string, unknown>>;
const BEGUN = { id: 'i', method: 'GET', url: '/', forwardedFor: undefined, upgrade: false } as const;

describe('the access log', () => {
  let folder: string;
  let path: string;
  let peer: Awaited<ReturnType<typeof rawTarget>>;
  let socket: Socket;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'access-'));
    path = join(folder, 'access.log');
    peer = await rawTarget(() => undefined);
    socket = connect(peer.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
  });
  afterEach(async () => {
    socket.destroy();
    await peer[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (): readonly Line[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);

  it('writes one bounded line a request, whatever stands in it, to a file of its own', async () => {
    await using log = new AccessLog({ path, maxBytes: 100_000 }, silentLog);
    const entry = log.begin(
      {
        ...BEGUN,
        method: 'GET\u001b[31m'.repeat(50),
        url: `/a?token=SECRET&x=1&y=${'y'.repeat(9000)}\n`,
        forwardedFor: `1.2.3.4\r\n${'9'.repeat(9000)}`,
      },
      socket,
    );
    entry.failed(new Error(`first\n${'e'.repeat(9000)}`));
    entry.failed(new Error('second'));
    entry.ended(503);
    entry.ended(200);
    await log.flushed();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toMatch(/SECRET|second/);
    expect(readFileSync(path, 'utf8').length).toBeLessThan(2000);
    expect(lines()).toEqual([
      expect.objectContaining({
        id: 'i',
        client: '127.0.0.1',
        status: 503,
        error: expect.stringMatching(/^first/),
      }),
    ]);
  });

  it('keeps the newest half of a file that grows, in whole lines', async () => {
    await using log = new AccessLog({ path, maxBytes: 20_000 }, silentLog);
    for (let index = 0; index < 600; index += 1) {
      log.begin({ ...BEGUN, id: `n${index}` }, socket).ended(200);
      if (index % 20 === 0) await log.flushed();
    }
    await log.flushed();
    expect(statSync(path).size).toBeLessThan(2 * 20_000);
    expect(lines().at(-1)).toMatchObject({ id: 'n599' });
    expect(lines().length).toBeGreaterThan(20);
  });

  it('drops what a slow reader is not there for, and counts it', async () => {
    execFileSync('mkfifo', [path]);
    const log = new AccessLog({ path, maxBytes: 100_000 }, silentLog);
    const total = 20_000;
    for (let index = 0; index < total; index += 1) log.begin(BEGUN, socket).ended(200);
    let written = 0;
    let dropped = 0;
    const reader = createInterface({ input: createReadStream(path) });
    reader.on('line', (line) => {
      const { dropped: lost } = JSON.parse(line) as Line;
      if (typeof lost === 'number') dropped += lost;
      else written += 1;
    });
    const read = once(reader, 'close');
    await log[Symbol.asyncDispose]();
    await read;
    expect(dropped).toBeGreaterThan(1000);
    expect(written + dropped).toBe(total);
  });

  it('leaves nothing behind, though lines come while others are written', async () => {
    const log = new AccessLog({ path, maxBytes: 10_000_000 }, silentLog);
    for (let index = 0; index < 1000; index += 1) log.begin(BEGUN, socket).ended(200);
    await log[Symbol.asyncDispose]();
    log.begin(BEGUN, socket).ended(200);
    expect(lines()).toHaveLength(1000);
  });

  it('says once that the disk is full, and how many lines that cost', async () => {
    const said: string[] = [];
    const log = new AccessLog(
      { path: '/dev/full', maxBytes: 100_000 },
      { ...silentLog, warn: (message) => said.push(message) },
    );
    for (const _ of [1, 2, 3]) {
      log.begin(BEGUN, socket).ended(200);
      await log.flushed();
    }
    await log[Symbol.asyncDispose]();
    expect(said).toEqual([expect.stringMatching(/^The access log was not written: ENOSPC/)]);
  });

  it('names the flag when there is no such place', () => {
    expect(() => new AccessLog({ path: join(folder, 'no', 'such'), maxBytes: 4096 }, silentLog)).toThrow(
      /^--access-log: ENOENT/,
    );
  });
});
