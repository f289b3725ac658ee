import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Pace } from '../../sockets/pace.js';
import { BodyWrites } from './body-writes.js';

const KIB = 1024;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A connection, and its other end, which reads nothing yet. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const ours = connect(address.port, '127.0.0.1');
  const [theirs] = (await once(server, 'connection')) as [Socket];
  closing.push(() => {
    ours.destroy();
    theirs.destroy();
    server.close();
  });
  return [ours, theirs];
}

/** Of a target that takes everything at once. */
function quick(): Pace {
  const pace = new Pace();
  pace.moved(64 * KIB * KIB);
  return pace;
}

/** Of its own memory, as a read of Node's is. */
const piece = (octets: number, letter: string): Buffer => Buffer.allocUnsafeSlow(octets).fill(letter);

async function read(from: Socket, octets: number): Promise<string> {
  const pieces: Buffer[] = [];
  let count = 0;
  from.on('data', (bytes: Buffer) => {
    pieces.push(bytes);
    count += bytes.length;
  });
  from.resume();
  await expect.poll(() => count).toBe(octets);
  return Buffer.concat(pieces).toString('latin1');
}

/** How many pieces each write to the kernel had. */
function writes(socket: Socket): number[] {
  const counts: number[] = [];
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (data, encoding, done) => {
    counts.push(1);
    write(data, encoding, done);
  };
  socket._writev = (pieces, done) => {
    counts.push(pieces.length);
    writev?.(pieces, done);
  };
  return counts;
}

describe('pieces of a body', () => {
  it('that come in one turn go out at its end, together and in order; their memory is free then', async () => {
    const [ours, theirs] = await pair();
    const counts = writes(ours);
    const body = new BodyWrites(ours, quick());
    const pieces = [piece(64 * KIB, 'a'), piece(64 * KIB, 'b'), piece(20 * KIB, 'c')];
    const sent = read(theirs, 148 * KIB);
    for (const each of pieces) expect(body.write(each, true)).toBe(true);
    expect(counts).toEqual([]);
    await turn();
    expect(counts).toEqual([3]);
    expect(await sent).toBe('a'.repeat(64 * KIB) + 'b'.repeat(64 * KIB) + 'c'.repeat(20 * KIB));
    expect(pieces.map(({ length }) => length)).toEqual([0, 0, 0]);
  });

  it('wait for no more than a megabyte', async () => {
    const [ours, theirs] = await pair();
    const counts = writes(ours);
    const body = new BodyWrites(ours, quick());
    const sent = read(theirs, 1088 * KIB);
    for (let count = 0; count < 17; count += 1) body.write(piece(64 * KIB, 'x'), true);
    expect(counts).toEqual([16]);
    await sent;
    expect(counts).toEqual([16, 1]);
  });

  it('that are small, or somebody else refers to, go out at once, after what was gathered', async () => {
    const [ours, theirs] = await pair();
    const body = new BodyWrites(ours, quick());
    const [kept, small] = [piece(64 * KIB, 'b'), piece(10, 'd')];
    const sent = read(theirs, 192 * KIB + 10);
    body.write(piece(64 * KIB, 'a'), true);
    body.write(kept, false);
    body.write(piece(64 * KIB, 'c'), true);
    body.write(small, true);
    expect(await sent).toBe(
      'a'.repeat(64 * KIB) + 'b'.repeat(64 * KIB) + 'c'.repeat(64 * KIB) + 'd'.repeat(10),
    );
    expect(kept.toString()).toBe('b'.repeat(64 * KIB));
    expect(small.toString()).toBe('d'.repeat(10));
  });

  it('go out one by one until the target is known to keep up', async () => {
    const [ours, theirs] = await pair();
    const counts = writes(ours);
    const body = new BodyWrites(ours);
    theirs.resume();
    for (let count = 0; count < 400; count += 1) {
      if (!body.write(piece(64 * KIB, 'x'), true)) await once(ours, 'drain');
      if (count === 100) expect(new Set(counts)).toEqual(new Set([1]));
      if (count % 8 === 0) await turn();
    }
    await turn();
    expect(Math.max(...counts)).toBeGreaterThan(4);
  });

  it('wait in their own memory for a target that does not read, and the writer is told to stop', async () => {
    const [ours, theirs] = await pair();
    const body = new BodyWrites(ours);
    let count = 0;
    let more = true;
    // More than the kernel takes of anybody.
    while (more && count < 2000) {
      more = body.write(piece(64 * KIB, String(count % 10)), true);
      count += 1;
      if (count % 10 === 0) await turn();
    }
    expect(more).toBe(false);
    expect(ours.writableLength).toBeLessThanOrEqual(64 * KIB);
    expect(body.write(piece(64 * KIB, 'z'), true)).toBe(false);
    const sent = await read(theirs, (count + 1) * 64 * KIB);
    for (let index = 0; index < count; index += 1) {
      if (sent[index * 64 * KIB] !== String(index % 10)) throw new Error(`piece ${index} is another`);
    }
    expect(sent.at(-1)).toBe('z');
  });

  it('wait together for one that has just stopped reading, a megabyte at most', async () => {
    const [ours, theirs] = await pair();
    const body = new BodyWrites(ours, quick());
    let count = 0;
    while (body.write(piece(64 * KIB, 'x'), true) && count < 2000) count += 1;
    expect(ours.writableLength).toBeGreaterThan(0);
    expect(ours.writableLength).toBeLessThanOrEqual(1024 * KIB);
    expect(await read(theirs, (count + 1) * 64 * KIB)).toBe('x'.repeat((count + 1) * 64 * KIB));
  });

  it('are dropped with their connection', async () => {
    const [ours] = await pair();
    const errors: Error[] = [];
    ours.on('error', (error) => errors.push(error));
    const body = new BodyWrites(ours, quick());
    body.write(piece(64 * KIB, 'a'), true);
    ours.destroy();
    await turn();
    body.flush();
    await once(ours, 'close');
    expect(errors).toEqual([]);
  });
});
