import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Paced } from './paced.js';

it('runs at once after a rest, then once for all that is asked meanwhile, and less often when it costs much', async () => {
  const runs: number[] = [];
  let cost = 0;
  const paced = new Paced(async () => {
    runs.push(performance.now());
    return cost;
  });
  const begun = performance.now();
  paced.ask();
  paced.ask();
  await expect.poll(() => runs.length, { interval: 5 }).toBe(1);
  expect((runs[0] ?? 0) - begun).toBeLessThan(150);
  for (let count = 0; count < 1000; count += 1) paced.ask();
  cost = 30;
  await expect.poll(() => runs.length, { interval: 5 }).toBe(2);
  expect((runs[1] ?? 0) - (runs[0] ?? 0)).toBeGreaterThan(245);
  paced.ask();
  await expect.poll(() => runs.length, { interval: 5 }).toBe(3);
  expect((runs[2] ?? 0) - (runs[1] ?? 0)).toBeGreaterThan(590);
  paced.ask();
  paced.stop();
  await delay(900);
  expect(runs).toHaveLength(3);
});
