import { describe, expect, it } from 'vitest';
import { EpochCache } from './epoch-cache.js';

describe('EpochCache', () => {
  it('shares one load, and forgets when the epoch moves', async () => {
    let epoch = 0;
    let loads = 0;
    const cache = new EpochCache(() => epoch);
    const load = async (): Promise<number> => ++loads;
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([1, 1]);
    epoch++;
    expect(await cache.get('a', load)).toBe(2);
  });

  it('does not let a value that a write overtook into the next epoch', async () => {
    let epoch = 0;
    let stored = 'before';
    const cache = new EpochCache(() => epoch);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = cache.get('a', async () => {
      const read = stored;
      await gate;
      return read;
    });
    stored = 'after';
    epoch++;
    release();
    expect(await slow).toBe('before');
    expect(await cache.get('a', async () => stored)).toBe('after');
  });

  it('does not keep a failure', async () => {
    const cache = new EpochCache<number>(() => 0);
    await expect(cache.get('a', () => Promise.reject(new Error('database lost')))).rejects.toThrow(
      'database lost',
    );
    expect(await cache.get('a', async () => 1)).toBe(1);
  });

  it('is bounded', async () => {
    let loads = 0;
    const cache = new EpochCache<number>(() => 0, 2);
    for (const key of ['a', 'b', 'c']) await cache.get(key, async () => ++loads);
    await cache.get('a', async () => ++loads);
    expect(loads).toBe(4);
  });
});
