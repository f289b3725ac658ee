import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { timestamp } from '../../core/model/time.js';
import { makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import { Culler } from '../culler/index.js';
import type { ServerLifecycle } from '../lifecycle/index.js';
import type { UserRecord } from '../store/index.js';
import { cullerPort } from './culler.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const SOON = { waitMs: 15_000 };
const HOUR_MS = 3_600_000;

function culler(
  lifecycle: ServerLifecycle,
  change: { readonly users?: boolean; readonly remove?: boolean } = {},
) {
  const { store } = world;
  const port = cullerPort({
    store,
    lifecycle,
    people: {
      removeWithServers: (user: UserRecord, remove: () => Promise<void>) =>
        lifecycle.deleteUser(user, remove),
      removed: async () => undefined,
    },
    urls: { baseUrl: '/', publicOrigin: undefined },
    slowStopMs: 10_000,
    flushActivity: async () => undefined,
  });
  return new Culler({
    rules: {
      timeout: 1800,
      maxAge: 0,
      defaultServers: true,
      namedServers: true,
      users: change.users ?? false,
      adminUsers: true,
    },
    removeNamedServers: change.remove ?? false,
    everyMs: HOUR_MS,
    concurrency: 5,
    port,
    clock: systemClock,
    log: silentLog,
  });
}

/** Makes a server look unused for an hour. */
async function age(user: UserRecord, server = ''): Promise<void> {
  const spawner = await world.store.spawners.find(user.id, server);
  const lastActivity = timestamp(Date.now() - HOUR_MS);
  await world.store.spawners.update(spawner?.id ?? 0, { lastActivity });
  await world.store.users.update(user.id, { lastActivity });
}

describe('the culler over real servers', () => {
  it('stops the idle one, keeps the used one and the one that starts, and removes named ones where told so', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    await hub.start(alice, 'lab', SOON);
    await hub.start(bob, '', SOON);
    await age(alice);
    await age(alice, 'lab');
    const slow = world.hub({ args: ['--deaf'] });
    await slow.start(carol, '', { waitMs: 500 });
    await age(carol);
    await culler(slow).sweep();
    await culler(hub, { remove: true }).sweep();
    expect(hub.status(alice, '').active).toBe(false);
    expect(await world.store.spawners.find(alice.id, 'lab')).toBeUndefined();
    expect(hub.status(bob, '').ready).toBe(true);
    expect(slow.status(carol, '').pending).toBe('spawn');
    expect([...world.proxy.table.keys()]).toEqual(['/user/bob/']);
  });

  it('deletes idle users with what they had, but nobody whose start waits in the queue', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    const hub = world.hub({ args: ['--deaf'], settings: { concurrentSpawnLimit: 1 } });
    await hub.start(bob, '', { waitMs: 0 });
    await hub.start(carol, '', { waitMs: 0, mayWait: true });
    expect(hub.status(carol, '').queue).toMatchObject({ place: 1 });
    for (const user of [alice, carol]) await age(user);
    await culler(hub, { users: true }).sweep();
    expect(await world.store.users.byName('alice')).toBeUndefined();
    expect(await world.store.users.byName('bob')).toBeDefined();
    expect(await world.store.users.byName('carol')).toBeDefined();
  });
});
