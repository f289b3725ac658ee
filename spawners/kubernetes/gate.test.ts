import { expect, it } from 'vitest';
import { Gate } from './gate.js';

it('lets as many through as it has places, in order, and forgets who gave up', async () => {
  const gate = new Gate(2);
  const never = new AbortController().signal;
  const ends: Array<() => void> = [];
  const entered: number[] = [];
  const work = (name: number) => () =>
    new Promise<void>((resolve) => {
      entered.push(name);
      ends.push(resolve);
    });
  const first = [gate.run(work(0), never), gate.run(work(1), never)];
  const given = new AbortController();
  const impatient = gate.run(work(2), given.signal);
  const last = gate.run(work(3), never);
  given.abort(new Error('gave up'));
  await expect(impatient).rejects.toThrow('gave up');
  expect(entered).toEqual([0, 1]);
  ends[0]?.();
  await expect.poll(() => entered).toEqual([0, 1, 3]);
  ends[1]?.();
  ends[2]?.();
  await Promise.all([...first, last]);
  await expect(gate.run(() => Promise.reject(new Error('failed')), never)).rejects.toThrow('failed');
  await gate.run(async () => entered.push(4), never);
  expect(entered.at(-1)).toBe(4);
});
