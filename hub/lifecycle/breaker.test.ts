import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../../core/log.js';
import { makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import { ManualClock } from '../../test/support/clock.js';
import { Breaker } from './breaker.js';

const PAUSE_MS = 60_000;

function make() {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const log: Log = { ...silentLog, error: note, warn: note };
  return { clock, lines, breaker: new Breaker({ clock, log, pauseMs: PAUSE_MS }) };
}

describe('a breaker', () => {
  it('opens at the limit, says so once and since when, and refuses with a time to come back', async () => {
    const { breaker, clock, lines } = make();
    breaker.failed({}, 3);
    breaker.failed({}, 3);
    expect(() => breaker.check()).not.toThrow();
    breaker.failed({}, 3);
    expect(breaker.describe()).toEqual({ state: 'open', failures: 3, since: '2026-01-02T03:04:05.000Z' });
    await clock.advance(20_500);
    expect(() => breaker.check()).toThrow(
      expect.objectContaining({ code: 'SPAWN_BREAKER', status: 503, headers: { 'Retry-After': '40' } }),
    );
    breaker.failed({}, 3); // one that began before
    expect(breaker.describe()).toMatchObject({ state: 'open', failures: 4 });
    expect(lines).toEqual([
      'starts have failed in a row',
      'too many starts in a row have failed: starts are refused until one works',
    ]);
  });

  it('lets one try after the pause; its success closes it', async () => {
    const { breaker, clock, lines } = make();
    breaker.failed({}, 1);
    await clock.advance(PAUSE_MS);
    breaker.check();
    const probe = {};
    breaker.begins(probe);
    expect(breaker.describe()).toMatchObject({ state: 'half-open' });
    expect(() => breaker.check()).toThrow(expect.objectContaining({ status: 503 }));
    breaker.succeeded();
    expect(breaker.describe()).toEqual({ state: 'closed', failures: 0 });
    expect(lines.at(-1)).toBe('servers can be started again');
    expect(() => breaker.check()).not.toThrow();
  });

  it('stays open for another pause when the one that tried has failed', async () => {
    const { breaker, clock } = make();
    breaker.failed({}, 1);
    await clock.advance(PAUSE_MS);
    const probe = {};
    breaker.begins(probe);
    breaker.failed(probe, 1);
    expect(breaker.describe()).toMatchObject({ state: 'open', since: '2026-01-02T03:04:05.000Z' });
    await clock.advance(PAUSE_MS - 1);
    expect(() => breaker.check()).toThrow();
    await clock.advance(1);
    expect(() => breaker.check()).not.toThrow();
  });

  it('lets the next one try when the first was cancelled or refused in words', async () => {
    const { breaker, clock } = make();
    breaker.failed({}, 1);
    await clock.advance(PAUSE_MS);
    for (const cancelled of [true, false]) {
      const probe = {};
      breaker.check();
      breaker.begins(probe);
      breaker.undecided(probe, cancelled);
      expect(breaker.describe()).toMatchObject({ state: 'open', failures: 1 });
    }
    expect(() => breaker.check()).not.toThrow();
  });

  it('counts as JupyterHub: a success or a cancelled start begins anew, a refusal changes nothing', () => {
    const { breaker } = make();
    breaker.failed({}, 2);
    breaker.undecided({}, false);
    expect(breaker.failures).toBe(1);
    breaker.undecided({}, true);
    expect(breaker.failures).toBe(0);
    breaker.failed({}, 2);
    breaker.succeeded();
    breaker.failed({}, 2);
    expect(breaker.describe()).toEqual({ state: 'closed', failures: 1 });
    breaker.failed({}, 0); // this one's own limit is off
    expect(breaker.describe()).toEqual({ state: 'closed', failures: 2 });
  });
});

describe('starts that fail one after the other', () => {
  let world: World;
  beforeEach(async () => {
    world = await makeWorld();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const SOON = { waitMs: 15_000 };

  it('end in refusals for everybody, until one works; those that wait are told as well', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    let broken = true;
    const hub = world.hub({
      config: {
        consecutive_failure_limit: 2,
        pre_spawn_hook: async () => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          if (broken) throw new Error('the disk is gone');
        },
      },
      settings: { spawnBreakerMs: 300, concurrentSpawnLimit: 1 },
    });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_HOOK' });
    const second = hub.start(alice, '', SOON);
    second.catch(() => undefined);
    await expect.poll(() => hub.counts().spawning).toBe(1);
    await hub.start(bob, '', { waitMs: 0, mayWait: true });
    await expect(second).rejects.toMatchObject({ code: 'SPAWN_HOOK' });
    expect(hub.breaker()).toMatchObject({ state: 'open', failures: 2 });
    await expect
      .poll(() => hub.status(bob, '').failure)
      .toMatchObject({ status: 503, code: 'SPAWN_BREAKER' });
    for (const mayWait of [true, false])
      await expect(hub.start(carol, '', { ...SOON, mayWait })).rejects.toMatchObject({
        status: 503,
        code: 'SPAWN_BREAKER',
      });
    expect(world.events).toContainEqual({ kind: 'refused', reason: 'breaker' });

    await new Promise((resolve) => setTimeout(resolve, 350));
    await expect(hub.start(carol, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_HOOK' });
    await expect(hub.start(carol, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_BREAKER' });
    await new Promise((resolve) => setTimeout(resolve, 350));
    broken = false;
    expect(await hub.start(carol, '', SOON)).toMatchObject({ ready: true });
    expect(hub.breaker()).toEqual({ state: 'closed', failures: 0 });
    expect(await hub.start(alice, '', SOON)).toMatchObject({ ready: true });
  });

  it('because a hook refused in words do not count', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({
      config: {
        consecutive_failure_limit: 1,
        pre_spawn_hook: () => {
          throw Object.assign(new Error('Your quota is used up.'), { status: 403 });
        },
      },
    });
    for (let n = 0; n < 3; n++)
      await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_HOOK', status: 403 });
    expect(hub.breaker()).toEqual({ state: 'closed', failures: 0 });
  });
});
