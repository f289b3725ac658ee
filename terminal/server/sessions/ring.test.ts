import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanStart, ReplayRing } from './ring.js';

describe('the replay ring', () => {
  it('gives back exactly the bytes from any position it still has', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(chunks, fc.nat(), (parts, pick) => {
        const ring = new ReplayRing(64 * 1024);
        for (const part of parts) ring.append(Buffer.from(part));
        const all = Buffer.concat(parts);
        expect(ring.end).toBe(all.length);
        expect(all.length - ring.start).toBeGreaterThanOrEqual(Math.min(all.length, 64 * 1024));
        const from = ring.start + (pick % (ring.end - ring.start + 1));
        const slice = ring.since(from);
        expect(slice).toMatchObject({ seq: from, truncated: false });
        expect(slice.data.equals(all.subarray(from))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('is bounded, and keeps more only for a reader that is behind', () => {
    const ring = new ReplayRing(64 * 1024);
    const chunk = Buffer.alloc(10_000, 'x');
    for (let count = 0; count < 100; count += 1) ring.append(chunk);
    expect(ring.end - ring.start).toBeLessThanOrEqual(64 * 1024 + 32 * 1024 + chunk.length);
    const hold = ring.end;
    for (let count = 0; count < 100; count += 1) ring.append(chunk, hold);
    expect(ring.start).toBeLessThanOrEqual(hold);
    expect(ring.since(hold).truncated).toBe(false);
  });

  it('starts a truncated replay after a line, at a sequence, or at a character', () => {
    expect(cleanStart(Buffer.from('rest of line\nnext'))).toBe(13);
    expect(cleanStart(Buffer.from('31mred\u001b[0m'))).toBe(6);
    expect(cleanStart(Buffer.from('€uro').subarray(1))).toBe(2);
    expect(cleanStart(Buffer.from('plain'))).toBe(0);
    expect(cleanStart(Buffer.alloc(0))).toBe(0);
  });

  it('remembers modes wherever blocks cut their sequences', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), (size) => {
        const ring = new ReplayRing(16);
        const text = Buffer.from('a\u001b[?1049;2004hb\u001b[?25lc\u001b[?2004l\u001b[?9999hd\u001b[31m');
        for (let at = 0; at < text.length; at += size) ring.append(text.subarray(at, at + size));
        for (let count = 0; count < 20; count += 1) ring.append(Buffer.alloc(8_000, 'x'));
        expect(ring.since(undefined)).toMatchObject({ truncated: true, modes: '\u001b[?25l\u001b[?1049h' });
      }),
    );
    // A position that is not of this stream is no reason to fail.
    expect(new ReplayRing(16).since(99)).toMatchObject({ seq: 0, truncated: false });
  });
});
