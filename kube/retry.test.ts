import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { KubeError } from './error.js';
import { backOff, retry } from './retry.js';

/** A clock on which sleeping takes no time. */
function quick(): Clock & { readonly slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

const failure = (status: number, retryAfterSeconds?: number) =>
  new KubeError({
    status,
    reason: 'made up',
    message: 'made up',
    processed: 'no',
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });

function failing(errors: readonly Error[]): {
  readonly limits: number[];
  once(limit: number): Promise<string>;
} {
  const left = [...errors];
  const limits: number[] = [];
  return {
    limits,
    once: async (limit) => {
      limits.push(limit);
      const error = left.shift();
      if (error) throw error;
      return 'done';
    },
  };
}

describe('retry', () => {
  const rules = { timeoutMs: 3_000, retryForMs: 30_000, again: () => true };

  it('waits at least as long as Retry-After says', async () => {
    const clock = quick();
    const { once } = failing([failure(429, 7), failure(503)]);
    expect(await retry({ ...rules, clock }, once)).toBe('done');
    expect(clock.slept[0]).toBe(7_000);
    expect(clock.slept[1]).toBeLessThanOrEqual(400);
  });

  it('does not wait for what comes after the end', async () => {
    const clock = quick();
    const { once, limits } = failing([failure(429, 31)]);
    await expect(retry({ ...rules, clock }, once)).rejects.toMatchObject({ retryAfterSeconds: 31 });
    expect(limits).toHaveLength(1);
  });

  it('ends after its time, the last try no longer than what is left', async () => {
    const clock = quick();
    const { once, limits } = failing(Array.from({ length: 100 }, () => failure(500)));
    await expect(retry({ ...rules, clock, retryForMs: 4_000 }, once)).rejects.toMatchObject({ status: 500 });
    expect(clock.monotonic()).toBeLessThan(4_000);
    expect(limits[0]).toBe(3_000);
    expect(Math.min(...limits)).toBeLessThan(3_000);
  });

  it('tries once without time, and never what will not change or may not be sent again', async () => {
    for (const [special, error] of [
      [{ retryForMs: 0 }, failure(500)],
      [{}, failure(404)],
      [{ again: () => false }, failure(500)],
      [{}, new TypeError('a fault of ours')],
    ] as const) {
      const { once, limits } = failing([error]);
      await expect(retry({ ...rules, ...special, clock: quick() }, once)).rejects.toBe(error);
      expect(limits).toHaveLength(1);
    }
  });

  it('stops with the signal', async () => {
    const why = new Error('enough');
    const { once } = failing([failure(500)]);
    await expect(retry({ ...rules, clock: quick(), signal: AbortSignal.abort(why) }, once)).rejects.toBe(why);
  });
});

describe('back-off', () => {
  it('doubles up to its most, with jitter', () => {
    expect([1, 2, 3, 20].map((attempt) => backOff(attempt, () => 1))).toEqual([200, 400, 800, 5_000]);
    expect(backOff(3, () => 0)).toBe(400);
    expect(backOff(1_000_000, () => 1, 30_000)).toBe(30_000);
  });
});
