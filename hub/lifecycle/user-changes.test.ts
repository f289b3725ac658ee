import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RouteSpec, UserName } from '../../core/model/names.js';
import { HubCalls, makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import { pidExists } from '../../test/suites/spawner.js';
import type { UserRecord } from '../store/types.js';
import type { ServerLifecycle } from './index.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const SOON = { waitMs: 15_000 };
const GONE = { pending: null, ready: false, active: false };

function deleting(user: UserRecord): () => Promise<void> {
  return () => world.store.users.delete(user.id);
}

function naming(user: UserRecord, name: string): () => Promise<void> {
  return () => world.store.users.update(user.id, { name: name as UserName });
}

async function stateOf(user: UserRecord, server = '') {
  return (await world.store.spawners.find(user.id, server))?.state ?? {};
}

/** Asks for a start again and again until the promise ends, and notes what each was told. */
async function startsDuring(
  hub: ServerLifecycle,
  user: UserRecord,
  work: Promise<void>,
): Promise<Set<string>> {
  const told = new Set<string>();
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  while (!over) {
    await hub.start(user, '', { waitMs: 0 }).then(
      () => told.add('started'),
      (error: { readonly code: string }) => told.add(error.code),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await ended;
  return told;
}

describe('deleting a user', () => {
  it('leaves no server although starts come in, and the next holder of the number inherits none', async () => {
    const bob = await world.user('bob');
    const hub = world.hub();
    for (const name of ['', 'a', 'b']) await hub.start(bob, name, SOON);
    const states = await Promise.all(['', 'a', 'b'].map((name) => stateOf(bob, name)));
    const told = await startsDuring(hub, bob, hub.deleteUser(bob, deleting(bob)));
    expect(told).not.toContain('started');
    expect(told).toContain('USER_PENDING');
    expect(hub.counts()).toEqual({ spawning: 0, active: 0, running: 0 });
    expect(states.map(pidExists)).toEqual([false, false, false]);
    expect([...world.proxy.table.keys()]).toEqual([]);

    const carol = await world.user('carol');
    expect(carol.id).toBe(bob.id);
    expect(hub.status(carol, '')).toEqual(GONE);
    expect(await hub.start(carol, '', SOON)).toMatchObject({ ready: true });
    expect([...world.proxy.table.keys()]).toEqual(['/user/carol/']);
    expect(hub.status(bob, '')).toEqual(GONE);
    await hub.stop(bob, '', SOON);
    expect(hub.status(carol, '').ready).toBe(true);
  });

  it('cancels what starts, and what waits for its turn', async () => {
    const bob = await world.user('bob');
    const calls = new HubCalls();
    const config = { pre_spawn_hook: calls.hook };
    const hub = world.hub({ config, settings: { concurrentSpawnLimit: 1 } });
    await hub.start(bob, '', { waitMs: 0 });
    await calls.until('bob/');
    await hub.start(bob, 'lab', { waitMs: 0, mayWait: true });
    expect(hub.queued).toBe(1);
    await hub.deleteUser(bob, deleting(bob));
    expect(hub.queued).toBe(0);
    expect(hub.counts().active).toBe(0);
    expect(calls.names).toEqual(['bob/']);
  });

  it('that fails leaves the user, who may start again', async () => {
    const bob = await world.user('bob');
    const hub = world.hub();
    await hub.start(bob, '', SOON);
    const broken = hub.deleteUser(bob, async () => {
      throw new Error('the directory does not answer');
    });
    await expect(broken).rejects.toThrow('the directory does not answer');
    expect(hub.status(bob, '').active).toBe(false);
    expect(await hub.start(bob, '', SOON)).toMatchObject({ ready: true });
  });

  it('goes on alone: starts, renames and another deletion are refused meanwhile', async () => {
    const bob = await world.user('bob');
    const hub = world.hub();
    const refused = { status: 400, message: 'bob is being deleted. Try again in a moment.' };
    await hub.deleteUser(bob, async () => {
      await expect(hub.start(bob, '', SOON)).rejects.toMatchObject(refused);
      await expect(hub.rename(bob, '', 'lab')).rejects.toMatchObject(refused);
      await expect(hub.renameUser(bob, naming(bob, 'bea'))).rejects.toMatchObject(refused);
      await expect(hub.deleteUser(bob, deleting(bob))).rejects.toMatchObject(refused);
    });
  });

  it.each([
    ['at once', 100, false],
    ['in its turn', 1, true],
  ])('refuses a start that was asked for before and comes %s after it', async (_, limit, mayWait) => {
    const [bob, dave] = [await world.user('dave'), await world.user('bob')].reverse() as [
      UserRecord,
      UserRecord,
    ];
    const calls = new HubCalls();
    const config = { pre_spawn_hook: calls.hook };
    const hub = world.hub({ config, settings: { concurrentSpawnLimit: limit } });
    await hub.start(dave, '', { waitMs: 0 });
    await calls.until('dave/');
    await hub.deleteUser(bob, deleting(bob));
    const carol = await world.user('carol');
    expect(carol.id).toBe(bob.id);
    await expect(hub.start(bob, 'lab', { ...SOON, mayWait })).rejects.toMatchObject({ status: 404 });
    await hub.stop(dave, '', SOON);
    expect(calls.names).toEqual(['dave/']);
    expect(await world.store.spawners.find(carol.id, 'lab')).toBeUndefined();
    expect(hub.breaker()).toMatchObject({ failures: 0 });
  });
});

describe('a user who was deleted while the hub was down, or by its start (delete_invalid_users)', () => {
  it('leaves no server to the next holder of the number', async () => {
    const bob = await world.user('bob');
    const first = world.hub();
    await first.start(bob, '', SOON);
    const state = await stateOf(bob);
    await first[Symbol.asyncDispose]();
    await deleting(bob)();
    const carol = await world.user('carol');
    expect(carol.id).toBe(bob.id);
    const second = world.hub();
    await second.adoptAll();
    await second.reconcileRoutes();
    expect(pidExists(state)).toBe(false);
    expect(second.status(carol, '')).toEqual(GONE);
    expect([...world.proxy.table.keys()]).toEqual(['/']);
  });
});

describe('renaming a user', () => {
  const active = {
    status: 400,
    code: 'SERVER_ACTIVE',
    message: 'rena has active servers. Please stop them before renaming the user.',
  };

  it('is refused while a server runs or starts, and done when none does', async () => {
    const rena = await world.user('rena');
    const hub = world.hub({ args: ['--slow'] });
    await hub.start(rena, 'lab', { waitMs: 0 });
    await expect(hub.renameUser(rena, naming(rena, 'renb'))).rejects.toMatchObject(active);
    await expect.poll(() => hub.status(rena, 'lab').ready, { timeout: 10_000 }).toBe(true);
    await expect(hub.renameUser(rena, naming(rena, 'renb'))).rejects.toMatchObject(active);
    expect(await world.store.users.byName('renb')).toBeUndefined();
    await hub.stop(rena, 'lab', SOON);
    await hub.renameUser(rena, naming(rena, 'renb'));
    const renb = await world.user('renb');
    expect(renb.id).toBe(rena.id);
    expect(await hub.start(renb, 'lab', SOON)).toMatchObject({ ready: true });
    expect([...world.proxy.table.keys()]).toEqual(['/user/renb/lab/']);
  });

  it('refuses a start that comes in meanwhile, and one under the old name afterwards', async () => {
    const rena = await world.user('rena');
    const hub = world.hub();
    await hub.renameUser(rena, async () => {
      await expect(hub.start(rena, '', SOON)).rejects.toMatchObject({
        status: 400,
        message: 'rena is being renamed. Try again in a moment.',
      });
      await naming(rena, 'renb')();
    });
    await expect(hub.start(rena, '', SOON)).rejects.toMatchObject({ status: 404 });
    expect(await hub.start(await world.user('renb'), '', SOON)).toMatchObject({ ready: true });
  });

  it('that fails leaves the user, who may start again', async () => {
    const rena = await world.user('rena');
    await world.user('renb');
    const hub = world.hub();
    await expect(hub.renameUser(rena, naming(rena, 'renb'))).rejects.toMatchObject({ status: 409 });
    expect(await hub.start(rena, '', SOON)).toMatchObject({ ready: true });
  });
});

describe('a server at the address of another', () => {
  it('takes no route away when its start fails', async () => {
    const rena = await world.user('rena');
    const hub = world.hub();
    await hub.start(rena, '', SOON);
    await naming(rena, 'renb')(); // as the database of a JupyterHub may say, which allows it
    const other = await world.user('rena');
    await expect(hub.start(other, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_NAME_CLASH' });
    expect(world.proxy.table.has('/user/rena/' as RouteSpec)).toBe(true);
  });
});
