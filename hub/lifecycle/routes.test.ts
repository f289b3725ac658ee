import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RouteSpec } from '../../core/model/names.js';
import { timestampMillis } from '../../core/model/time.js';
import { makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const route = (path: string): RouteSpec => path as RouteSpec;
const SOON = { waitMs: 15_000 };

describe('routes', () => {
  it('are made right: missing added, wrong corrected, unknown removed', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    const right = new Map(world.proxy.table).set(route('/'), {
      target: 'http://127.0.0.1:8081',
      data: { hub: true },
    });
    const { table } = world.proxy;
    table.clear();
    await hub.reconcileRoutes();
    expect(table).toEqual(right);
    table.set(route('/user/alice/'), { target: 'http://127.0.0.1:1', data: {} });
    table.set(route('/user/eve/'), { target: 'http://127.0.0.1:2', data: { user: 'eve' } });
    await hub.reconcileRoutes();
    expect(table).toEqual(right);
  });

  it('of servers that start or stop are left alone', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--deaf'] });
    await hub.start(alice, '', { waitMs: 100 });
    const pending = { target: 'http://127.0.0.1:3', data: { user: 'alice' } };
    world.proxy.table.set(route('/user/alice/'), pending);
    await hub.reconcileRoutes();
    expect(world.proxy.table.get(route('/user/alice/'))).toEqual(pending);
    await hub.stop(alice, '', SOON);
    expect(world.proxy.table.has(route('/user/alice/'))).toBe(false);
  });

  it('are restored when the proxy came back empty', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    hub.begin();
    world.proxy.table.clear();
    for (const listener of world.proxy.listeners) listener();
    await expect.poll(() => world.proxy.table.size).toBe(2);
    await hub[Symbol.asyncDispose]();
    expect(world.proxy.listeners.size).toBe(0);
  });

  it('are reconciled one at a time, and requests meanwhile share the next', async () => {
    const hub = world.hub();
    let reads = 0;
    let atOnce = 0;
    world.proxy.getAllRoutes = async () => {
      reads++;
      atOnce++;
      await sleep(20);
      expect(atOnce).toBe(1);
      atOnce--;
      return new Map(world.proxy.table);
    };
    const first = hub.reconcileRoutes();
    await sleep(5);
    await Promise.all([first, ...Array.from({ length: 5 }, () => hub.reconcileRoutes())]);
    expect(reads).toBe(2);
  });

  it('a proxy that cannot be reached is told to the caller, and the next time works', async () => {
    const hub = world.hub();
    world.proxy.down = new Error('no proxy');
    await expect(hub.reconcileRoutes()).rejects.toThrow('no proxy');
    world.proxy.down = undefined;
    await hub.reconcileRoutes();
    expect(world.proxy.table.size).toBe(1);
  });

  it('tell when servers and users were last active; never the future, never backwards', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    const activity = async () => {
      const spawner = await world.store.spawners.find(alice.id, '');
      const user = await world.store.users.byId(alice.id);
      return [spawner, user].map((row) => timestampMillis(row!.lastActivity!));
    };
    const seen = async (lastActivity: number) => {
      const entry = world.proxy.table.get(route('/user/alice/'))!;
      world.proxy.table.set(route('/user/alice/'), { ...entry, lastActivity });
      await hub.reconcileRoutes();
      return activity();
    };
    const started = await activity();
    expect(await seen(started[0]! - 60_000)).toEqual(started);
    await sleep(20);
    const now = Date.now();
    expect(await seen(now)).toEqual([now, now]);
    for (const at of await seen(now + 3_600_000)) expect(at).toBeLessThan(now + 60_000);
  });
});
