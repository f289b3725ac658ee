import { expect, it } from 'vitest';
import { giveBack } from './give-back.js';

it('frees memory that one piece fills', () => {
  for (let turn = 0; turn < 3; turn += 1) {
    const bytes = Buffer.allocUnsafeSlow(64 * 1024);
    giveBack(bytes);
    expect(bytes.length).toBe(0);
    expect(bytes.buffer.byteLength).toBe(0);
  }
});

it('leaves alone what others may refer to, and what is too small to matter', () => {
  const memory = Buffer.alloc(64 * 1024, 'x');
  const small = Buffer.alloc(1024, 'y');
  const pooled = Buffer.from('z');
  for (const bytes of [memory.subarray(0, 32 * 1024), memory.subarray(1), small, pooled]) giveBack(bytes);
  expect(memory.every((octet) => octet === 0x78)).toBe(true);
  expect(small.every((octet) => octet === 0x79)).toBe(true);
  expect(pooled.toString()).toBe('z');
});
