import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubCalls, makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import type { ProgressMessage } from './index.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const BROWSER = { waitMs: 0, mayWait: true } as const;
const API = { waitMs: 0 } as const;
const STOP = { waitMs: 15_000 };

async function all(events: AsyncIterable<ProgressMessage>): Promise<readonly ProgressMessage[]> {
  const seen: ProgressMessage[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

/** A hub with room for `limit` starts, each of which goes on when the test says so. */
function heldHub(limit: number, more: { settings?: object; deps?: object } = {}) {
  const calls = new HubCalls();
  const hub = world.hub({
    config: { pre_spawn_hook: calls.hook },
    settings: { concurrentSpawnLimit: limit, ...more.settings },
    ...(more.deps && { deps: more.deps }),
  });
  return { hub, calls };
}

describe('a start of a browser beyond concurrent_spawn_limit', () => {
  it('waits, is told its place, and begins when another has ended', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const { hub, calls } = heldHub(1);
    await hub.start(alice, '', API);
    expect(await hub.start(bob, '', BROWSER)).toEqual({
      pending: 'spawn',
      ready: false,
      active: true,
      queue: { place: 1, length: 1 },
    });
    expect(await hub.start(carol, '', BROWSER)).toMatchObject({ queue: { place: 2, length: 2 } });
    expect(hub.counts()).toEqual({ spawning: 1, active: 1, running: 0 });
    const progress = all(hub.progress(carol, ''));
    await calls.until('alice/');
    expect(calls.names).toEqual(['alice/']);
    calls.go('alice/');
    await expect.poll(() => hub.status(alice, '').ready, { timeout: 10_000 }).toBe(true);
    await calls.until('bob/');
    expect(hub.status(bob, '').queue).toBeUndefined();
    expect(hub.status(carol, '').queue).toMatchObject({ place: 1, length: 1 });
    // the next place is told within half a second
    await new Promise((resolve) => setTimeout(resolve, 700));
    calls.go('bob/');
    await calls.until('carol/');
    calls.go('carol/');
    const messages = await progress;
    expect(messages.slice(0, 3)).toEqual([
      { progress: 0, message: 'Server requested' },
      {
        progress: 0,
        message: 'Many servers are starting: you are number 2 of 2 in the queue',
        queue_place: 2,
        queue_length: 2,
      },
      {
        progress: 0,
        message: 'Many servers are starting: you are number 1 of 1 in the queue',
        queue_place: 1,
        queue_length: 1,
      },
    ]);
    expect(messages.at(-1)).toMatchObject({ ready: true });
    expect(hub.status(carol, '')).toEqual({ pending: null, ready: true, active: true });
    expect(world.events.filter(({ kind }) => kind === 'waited')).toHaveLength(2);
  });

  it('of a user with many does not keep back those with one', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const { hub, calls } = heldHub(1);
    for (const name of ['a', 'b', 'c']) await hub.start(alice, name, BROWSER);
    await hub.start(bob, '', BROWSER);
    await hub.start(carol, '', BROWSER);
    for (let turn = 1; turn <= 5; turn++) {
      await expect.poll(() => calls.names.length, { timeout: 10_000 }).toBe(turn);
      calls.go(calls.names.at(-1) ?? '');
    }
    expect(calls.names).toEqual(['alice/a', 'bob/', 'carol/', 'alice/b', 'alice/c']);
  });

  it('goes before every start of the API, which is told 429 while anybody waits', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const { hub, calls } = heldHub(1);
    await hub.start(alice, '', API);
    await hub.start(bob, '', BROWSER);
    const refused = hub.start(carol, '', API);
    await expect(refused).rejects.toMatchObject({
      code: 'SPAWN_THROTTLED',
      status: 429,
      headers: { 'Retry-After': expect.stringMatching(/^[3-6]\d$/) },
    });
    await calls.until('alice/');
    calls.go('alice/');
    await calls.until('bob/');
    await expect(hub.start(carol, '', API)).rejects.toMatchObject({ status: 429 });
    calls.go('bob/');
    await expect.poll(() => hub.status(bob, '').ready, { timeout: 10_000 }).toBe(true);
    await hub.start(carol, '', API);
    await calls.until('carol/');
    calls.go('carol/');
  });

  it('can be cancelled, and nothing of it stays', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const { hub, calls } = heldHub(1);
    await hub.start(alice, '', API);
    await hub.start(bob, 'lab', BROWSER);
    expect(await world.store.spawners.find(bob.id, 'lab')).toMatchObject({ server: null, started: null });
    const progress = all(hub.progress(bob, 'lab'));
    expect(await hub.stop(bob, 'lab', STOP)).toEqual({ pending: null, ready: false, active: false });
    expect((await progress).at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn cancelled' });
    expect(await world.store.spawners.find(bob.id, 'lab')).toBeUndefined();
    expect((await world.store.operations.all()).length).toBe(1);
    expect(hub.queued).toBe(0);
    await calls.until('alice/');
    calls.go('alice/');
    await expect.poll(() => hub.status(alice, '').ready, { timeout: 10_000 }).toBe(true);
    expect(calls.names).toEqual(['alice/']);
  });

  it('has its own options when its turn comes', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const { hub, calls } = heldHub(1);
    await hub.start(alice, '', API);
    await hub.start(bob, 'lab', { ...BROWSER, options: { size: 'big' }, displayName: 'Lab' });
    await calls.until('alice/');
    calls.go('alice/');
    await calls.until('bob/lab');
    calls.go('bob/lab');
    await expect.poll(() => hub.status(bob, 'lab').ready, { timeout: 10_000 }).toBe(true);
    expect([...world.proxy.table.keys()]).toContain('/user/bob/lab/');
    expect(await world.store.spawners.find(bob.id, 'lab')).toMatchObject({
      userOptions: { size: 'big' },
      displayName: 'Lab',
    });
  });
});

describe('the queue', () => {
  it('is bounded, and one user has a tenth of it at most', async () => {
    const users = [await world.user('alice'), await world.user('bob'), await world.user('carol')];
    const [alice, bob, carol] = users as [(typeof users)[0], (typeof users)[0], (typeof users)[0]];
    const { hub } = heldHub(1, { settings: { spawnQueueLimit: 2 } });
    await hub.start(alice, '', API);
    await hub.start(alice, 'a', BROWSER);
    await expect(hub.start(alice, 'b', BROWSER)).rejects.toMatchObject({ code: 'SPAWN_THROTTLED' });
    await hub.start(bob, '', BROWSER);
    await expect(hub.start(carol, '', BROWSER)).rejects.toMatchObject({
      code: 'SPAWN_THROTTLED',
      status: 429,
    });
    expect(hub.status(carol, '')).toEqual({ pending: null, ready: false, active: false });
  });

  it('of length 0 is none', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const { hub } = heldHub(1, { settings: { spawnQueueLimit: 0 } });
    await hub.start(alice, '', API);
    await expect(hub.start(bob, '', BROWSER)).rejects.toMatchObject({ code: 'SPAWN_THROTTLED' });
  });

  it('is left after the longest wait, in words', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const { hub } = heldHub(1, { settings: { spawnQueueMs: 50 } });
    await hub.start(alice, '', API);
    await hub.start(bob, '', BROWSER);
    await expect
      .poll(() => hub.status(bob, '').failure, { timeout: 5000 })
      .toMatchObject({
        status: 429,
        code: 'SPAWN_QUEUE_TIMEOUT',
        message: expect.stringContaining('no room for yours'),
      });
    expect(hub.queued).toBe(0);
    expect(world.events).toContainEqual({ kind: 'waited', ms: expect.any(Number), began: false });
  });

  it('looks at active_server_limit when somebody comes and at every turn', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const { hub, calls } = heldHub(1, { settings: { activeServerLimit: 2 } });
    await hub.start(alice, '', API);
    await hub.start(bob, '', BROWSER);
    await hub.start(carol, '', BROWSER);
    await calls.until('alice/');
    calls.go('alice/');
    await calls.until('bob/');
    calls.go('bob/');
    await expect
      .poll(() => hub.status(carol, '').failure, { timeout: 10_000 })
      .toMatchObject({
        status: 429,
        code: 'SPAWN_TOO_MANY',
        message: 'Active user limit exceeded. Try again in a few minutes.',
      });
    await expect(hub.start(carol, '', BROWSER)).rejects.toMatchObject({
      code: 'SPAWN_TOO_MANY',
      status: 429,
    });
  });

  it('is emptied with a reason when the hub ends; the next hub knows of nothing', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const { hub } = heldHub(1);
    await hub.start(alice, '', API);
    await hub.start(bob, 'lab', BROWSER);
    const progress = all(hub.progress(bob, 'lab'));
    await hub.shutdown({ stopServers: true });
    expect((await progress).at(-1)).toEqual({
      progress: 100,
      failed: true,
      message: 'Spawn failed: The hub is being restarted. Try again in a minute.',
    });
    await expect(hub.start(bob, '', BROWSER)).rejects.toMatchObject({ code: 'HUB_CLOSING', status: 503 });
    const next = world.hub();
    await next.adoptAll();
    expect(next.status(bob, 'lab')).toEqual({ pending: null, ready: false, active: false });
    expect(await world.store.operations.all()).toEqual([]);
  });

  it('never has more under way than the limit, whatever is cancelled meanwhile', async () => {
    const users = await Promise.all(Array.from({ length: 12 }, (_, n) => world.user(`u${n}`)));
    let now = 0;
    let most = 0;
    const hub = world.hub({
      config: {
        cmd: ['/nonexistent'],
        pre_spawn_hook: async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 15));
          now--;
        },
      },
      settings: { concurrentSpawnLimit: 3 },
    });
    await Promise.all(users.map((user) => hub.start(user, '', BROWSER)));
    await Promise.all(users.slice(4, 8).map((user) => hub.stop(user, '', STOP)));
    await expect.poll(() => hub.counts().active + hub.queued, { timeout: 15_000 }).toBe(0);
    expect(most).toBe(3);
  });
});
