import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.js';

function drain(queue: FairQueue<string>): readonly string[] {
  const order: string[] = [];
  for (let ticket = queue.shift(); ticket; ticket = queue.shift()) order.push(ticket.item);
  return order;
}

describe('a fair queue', () => {
  it('serves those who wait for one thing in the order in which they came', () => {
    const queue = new FairQueue<string>();
    for (const user of [3, 1, 2]) queue.add(user, 0, `u${user}`);
    expect(queue.items()).toEqual(['u3', 'u1', 'u2']);
    expect(drain(queue)).toEqual(['u3', 'u1', 'u2']);
  });

  it('lets nobody with many keep back those with one', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 4; n++) queue.add(1, 1, `greedy-${n}`);
    queue.add(2, 0, 'bob');
    queue.add(3, 0, 'carol');
    expect(drain(queue)).toEqual(['bob', 'carol', 'greedy-0', 'greedy-1', 'greedy-2', 'greedy-3']);
  });

  it('takes turns between two with many, however late the second came', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 4; n++) queue.add(1, 0, `a${n}`);
    expect([queue.shift()?.item, queue.shift()?.item]).toEqual(['a0', 'a1']);
    for (let n = 0; n < 2; n++) queue.add(2, 0, `b${n}`);
    expect(drain(queue)).toEqual(['b0', 'a2', 'b1', 'a3']);
  });

  it('forgets who left, and begins anew when it is empty', () => {
    const queue = new FairQueue<string>();
    const first = queue.add(1, 0, 'a');
    queue.add(2, 0, 'b');
    expect(queue.remove(first)).toBe(true);
    expect(queue.remove(first)).toBe(false);
    expect(queue.waitingOf(1)).toBe(0);
    expect(drain(queue)).toEqual(['b']);
    expect(queue.add(1, 0, 'again').round).toBe(0);
  });

  it('is never lost by a user with one to one who came later, and serves a round to all before the next', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), (users) => {
        const queue = new FairQueue<string>();
        const arrived = users.map((user, index) => {
          queue.add(user, 0, `${user}-${index}`);
          return user;
        });
        const served = drain(queue).map((item) => Number(item.split('-')[0]));
        expect([...served].sort()).toEqual([...arrived].sort());
        // after each turn nobody who waits is more than one turn behind anybody who is served
        const turns = new Map<number, number>();
        served.forEach((user, index) => {
          turns.set(user, (turns.get(user) ?? 0) + 1);
          for (const other of new Set(served.slice(index + 1)))
            expect((turns.get(user) ?? 0) - (turns.get(other) ?? 0)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});
