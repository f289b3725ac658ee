import { expect, it } from 'vitest';
import { COMMON, ReadMemory } from './read-memory.js';

const KIB = 1024;

/** Reads so many times, everything that can be had. @returns the octets of each */
function fill(memory: ReadMemory, times: number): number[] {
  return Array.from({ length: times }, () => {
    const into = memory.next(true);
    return memory.taken(into, into.length).length / KIB;
  });
}

it('reads more at a time from whom much comes and whose reader keeps up', () => {
  const memory = new ReadMemory();
  expect(fill(memory, 10)).toEqual([16, ...Array(8).fill(128), 512]);
});

it('uses the same memory again until a piece of it is referred to', () => {
  const memory = new ReadMemory();
  fill(memory, 10);
  const first = memory.next(true);
  expect(memory.next(true)).toBe(first);
  memory.lend();
  expect(memory.next(true)).not.toBe(first);
});

it('lets little wait for a reader that does not keep up', () => {
  const memory = new ReadMemory();
  fill(memory, 10);
  for (let turn = 0; turn < 20; turn += 1) {
    memory.lend();
    expect(fill(memory, 5)).toEqual(Array(5).fill(128));
  }
});

it('does not grow by reads that leave room', () => {
  const memory = new ReadMemory();
  for (let turn = 0; turn < 20; turn += 1) expect(memory.taken(memory.next(true), 100).length).toBe(100);
  expect(memory.next(true).length).toBe(16 * KIB);
});

it('keeps nothing between two messages', () => {
  const memory = new ReadMemory();
  fill(memory, 10);
  expect(memory.next(false)).toBe(COMMON);
  expect(memory.next(true).length).toBe(16 * KIB);
});
