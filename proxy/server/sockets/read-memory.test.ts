import { expect, it } from 'vitest';
import { COMMON, ReadMemory } from './read-memory.js';

const KIB = 1024;
/** Reads after which a reader is known to keep up. */
const MANY = 96;

/** Reads so many times, everything that can be had. @returns the octets of each */
function fill(memory: ReadMemory, times: number): number[] {
  return Array.from({ length: times }, () => {
    const into = memory.next(true);
    return memory.taken(into, into.length).length / KIB;
  });
}

it('reads more at a time from whom much comes and whose reader keeps up', () => {
  const memory = new ReadMemory();
  expect(fill(memory, MANY + 2)).toEqual([16, ...Array(MANY).fill(128), 512]);
});

it('uses the same memory again until a piece of it is referred to', () => {
  const memory = new ReadMemory();
  fill(memory, MANY + 2);
  const first = memory.next(true);
  expect(memory.next(true)).toBe(first);
  memory.lend();
  expect(memory.next(true)).not.toBe(first);
});

it('lets little wait for a reader that does not keep up', () => {
  const memory = new ReadMemory();
  // What the kernel takes at first.
  fill(memory, 80);
  for (let turn = 0; turn < 20; turn += 1) {
    memory.lend();
    expect(fill(memory, 12)).toEqual(Array(12).fill(128));
  }
});

it('goes on reading much for one that seldom lets a piece wait', () => {
  const memory = new ReadMemory();
  fill(memory, 2 * MANY);
  for (let turn = 0; turn < 20; turn += 1) {
    memory.lend();
    expect(fill(memory, 20)).toEqual([128, ...Array(19).fill(512)]);
  }
});

it('reads little again when such a one gets slow', () => {
  const memory = new ReadMemory();
  fill(memory, 2 * MANY);
  for (let turn = 0; turn < 20; turn += 1) {
    memory.lend();
    expect(fill(memory, 1)).toEqual([128]);
    memory.lend();
  }
});

it('does not grow by reads that leave room', () => {
  const memory = new ReadMemory();
  for (let turn = 0; turn < 20; turn += 1) expect(memory.taken(memory.next(true), 100).length).toBe(100);
  expect(memory.next(true).length).toBe(16 * KIB);
});

it('keeps no memory between two messages, and begins small with each', () => {
  const memory = new ReadMemory();
  fill(memory, MANY + 2);
  expect(memory.next(false)).toBe(COMMON);
  expect(fill(memory, 3)).toEqual([16, 512, 512]);
});
