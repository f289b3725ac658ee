import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

const BUDGET = 10;

/** A class of callers whose every piece of work takes `cost` ms of a clock that only work moves. */
function world(cost: number) {
  const clock = { ms: 0 };
  const turns = new Turns({ budgetMs: BUDGET, now: () => clock.ms });
  const done: number[] = [];
  const work = async (name: number): Promise<void> => {
    await turns.take();
    clock.ms += cost;
    done.push(name);
  };
  return { clock, turns, done, work };
}

describe('turns of the event loop', () => {
  it('hold up nobody as long as there is time', async () => {
    const { clock, turns } = world(1);
    const given: (Promise<void> | undefined)[] = [];
    // Each in a callback of its own, as requests come.
    for (let at = 0; at < 12; at++) {
      given.push(turns.take());
      clock.ms += 1;
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    expect(given.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => undefined));
    expect(given.slice(10)).toEqual([expect.any(Promise), expect.any(Promise)]);
    await Promise.all(given);
    expect(turns.waiting).toBe(0);
  });

  it('spread the work of many who come at once, so that no turn has much more than its time', async () => {
    const { clock, turns, done, work } = world(4);
    const all = Promise.all(Array.from({ length: 50 }, (_, name) => work(name)));
    let before = clock.ms;
    const spent: number[] = [];
    while (done.length < 50) {
      await nextTurn();
      spent.push(clock.ms - before);
      before = clock.ms;
    }
    await all;
    expect(Math.max(...spent)).toBeLessThanOrEqual(BUDGET + 4);
    expect(turns.waiting).toBe(0);
  });

  it('are given in the order of asking, also to who comes while others wait', async () => {
    const { done, work } = world(6);
    const early = Array.from({ length: 5 }, (_, name) => work(name));
    await nextTurn();
    await Promise.all([...early, ...[5, 6, 7].map(work)]);
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
