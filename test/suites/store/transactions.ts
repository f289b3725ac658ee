import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Store } from '../../../hub/store/index.js';
import { AlreadyExists } from '../../../hub/store/index.js';
import {
  addClient,
  addUser,
  at,
  type Check,
  defaultSpawner,
  SERVER,
  serverName,
  token,
  userName,
} from './subject.js';

const FOREIGN = /own repositories only/;

export function describeTransactions(check: Check): void {
  check('commits all or nothing', async ({ store }) => {
    const value = await store.transaction(async (inside) => {
      const user = await inside.users.create({ name: userName('alice') });
      await inside.groups.setUserGroups(user.id, ['g']);
      expect(await inside.users.byName('alice')).toEqual(user);
      return user.name;
    });
    expect(value).toBe('alice');
    expect(await store.groups.isMember('alice', 'g')).toBe(true);
    const failing = store.transaction(async (inside) => {
      await inside.users.create({ name: userName('bob') });
      await inside.groups.create('h');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await store.users.byName('bob')).toBeUndefined();
    expect(await store.groups.byName('h')).toBeUndefined();
    await addUser(store, 'carol');
  });

  check('goes on after an error that the work has handled', async ({ store }) => {
    await addUser(store, 'alice');
    await store.transaction(async (inside) => {
      await expect(inside.users.create({ name: userName('alice') })).rejects.toBeInstanceOf(AlreadyExists);
      const mixed = inside.users.createMany([userName('x'), userName('alice')], false);
      await expect(mixed).rejects.toBeInstanceOf(AlreadyExists);
      await inside.users.create({ name: userName('bob') });
    });
    expect(await store.users.byName('bob')).toBeDefined();
    expect(await store.users.byName('x')).toBeUndefined();
  });

  check('lets the work do several things at once', async ({ store }) => {
    await store.transaction(async (inside) => {
      const names = ['a', 'b', 'c', 'd'].map(userName);
      await Promise.all(names.map((name) => inside.users.create({ name })));
      const clash = await Promise.allSettled([
        inside.groups.create('g'),
        inside.groups.create('g'),
        inside.users.count(),
      ]);
      expect(clash.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    });
    expect(await store.users.count()).toBe(4);
    expect(await store.groups.byName('g')).toBeDefined();
  });

  check('runs writers one after the other', async ({ store }) => {
    const group = await store.groups.create('counter', { n: 0 });
    const increment = () =>
      store.transaction(async (inside) => {
        const found = await inside.groups.byName('counter');
        await inside.groups.setProperties(group.id, { n: Number(found?.properties['n']) + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await store.groups.byName('counter'))?.properties).toEqual({ n: 20 });
  });

  check('does not show to others what is not committed', async ({ store }) => {
    let over = false;
    const work = async (): Promise<void> => {
      await store.transaction(async (inside) => {
        await inside.users.create({ name: userName('alice') });
        for (let turn = 0; turn < 20; turn++) await inside.users.count();
        await inside.users.create({ name: userName('bob') });
      });
      over = true;
    };
    const seen: number[] = [];
    const watch = async (): Promise<void> => {
      while (!over) seen.push(await store.users.count());
    };
    await Promise.all([work(), watch()]);
    expect(seen).not.toContain(1);
    expect(seen.length).toBeGreaterThan(0);
    expect(await store.users.count()).toBe(2);
  });

  check('refuses work that awaits anything but the store', async ({ store }) => {
    const foreign = store.transaction(async (inside) => {
      await inside.users.create({ name: userName('alice') });
      await sleep(30);
      await inside.users.create({ name: userName('bob') });
    });
    await expect(foreign).rejects.toThrow(FOREIGN);
    await sleep(60);
    expect(await store.users.count()).toBe(0);
  });

  check('refuses a transaction within a transaction', async ({ store }) => {
    const nested = store.transaction(async () => {
      await store.transaction(async () => undefined);
    });
    await expect(nested).rejects.toThrow(FOREIGN);
    await addUser(store, 'alice');
  });

  check('gives nothing to those who come after the end', async ({ store }) => {
    let kept: Pick<Store, 'users'> | undefined;
    await store.transaction(async (inside) => {
      kept = inside;
    });
    await expect(kept?.users.create({ name: userName('alice') })).rejects.toThrow('over');
    await expect(kept?.users.count()).rejects.toThrow('over');
    expect(await store.users.count()).toBe(0);
  });

  check('counts a new rights epoch for what decides rights', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    const spawner = await defaultSpawner(store, alice);
    const group = await store.groups.create('g');
    const role = await store.roles.upsert({ name: 'r', description: null, scopes: [] });
    let issued = 0;
    let shared = 0;
    const deciding: Readonly<Record<string, () => Promise<unknown>>> = {
      'users.create': () => addUser(store, 'carol'),
      'users.update admin': () => store.users.update(alice.id, { admin: true }),
      'users.update name': () => store.users.update(bob.id, { name: userName('robert') }),
      'groups.create': () => store.groups.create('h'),
      'groups.addUsers': () => store.groups.addUsers(group.id, [alice.id]),
      'groups.removeUsers': () => store.groups.removeUsers(group.id, [alice.id]),
      'groups.setUserGroups': () => store.groups.setUserGroups(alice.id, ['g']),
      'roles.upsert': () => store.roles.upsert({ name: 'r', description: null, scopes: ['self'] }),
      'roles.grant': () => store.roles.grant(role.id, 'user', [alice.id]),
      'roles.strip': () => store.roles.strip(role.id, 'user', [alice.id]),
      'tokens.create': async () => {
        issued = (await store.tokens.create(token({ userId: alice.id }, { expiresAt: at(1) }))).id;
      },
      'tokens.delete': () => store.tokens.delete([issued]),
      'shares.create': async () => {
        const share = { createdAt: at(0), expiresAt: null, scopes: [], userId: bob.id, groupId: null };
        shared = (await store.shares.create({ ...share, ownerId: alice.id, spawnerId: spawner.id })).id;
      },
      'shares.setScopes': () => store.shares.setScopes(shared, ['x']),
      'shares.delete': () => store.shares.delete([shared]),
      'oauth.upsertClient': () => addClient(store, 'c'),
      'oauth.deleteClient': () => store.oauth.deleteClient('c'),
      'spawners.create': () => store.spawners.create({ userId: alice.id, name: serverName('lab') }),
      'spawners.update name': () => store.spawners.update(spawner.id, { name: serverName('other') }),
      'spawners.delete': () => store.spawners.delete(spawner.id),
      'groups.delete': () => store.groups.delete(group.id),
      'roles.delete': () => store.roles.delete('r'),
      'users.delete': () => store.users.delete(bob.id),
    };
    for (const [title, act] of Object.entries(deciding)) {
      const before = store.rightsEpoch();
      await act();
      expect(store.rightsEpoch(), title).not.toBe(before);
    }
  });

  check('keeps the rights epoch for what decides none', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const spawner = await defaultSpawner(store, alice);
    const before = store.rightsEpoch();
    await store.users.touch(new Map([[alice.id, at(5)]]));
    await store.users.update(alice.id, { userInfo: { a: 1 } });
    await store.spawners.touch(new Map([[spawner.id, at(5)]]));
    await store.spawners.update(spawner.id, { state: { pid: 1 }, started: at(1) });
    await store.spawners.setServer(spawner.id, SERVER);
    await store.spawners.clearServer(spawner.id, at(2));
    await store.tokens.purgeExpired(at(0));
    await store.revocations.add([{ kind: 'user', value: 'x', clientId: null, at: at(0) }]);
    await store.transaction(async (inside) => void (await inside.users.byName('alice')));
    const failing = store.transaction(async (inside) => {
      await inside.users.update(alice.id, { admin: true });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(store.rightsEpoch()).toBe(before);
  });

  check(
    'keeps everything over a restart',
    async ({ store, reopen }) => {
      const alice = await addUser(store, 'alice');
      const made = await store.tokens.create(token({ userId: alice.id }));
      const again = await reopen?.();
      expect(await again?.users.byName('alice')).toEqual(alice);
      expect(await again?.tokens.byId(made.id)).toEqual(made);
      expect(await again?.oauth.clients()).toHaveLength(1);
    },
    'reopen',
  );

  check('answers a ping, and refuses everything once closed', async ({ store }) => {
    await store.ping();
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await expect(store.ping()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
    await expect(store.users.count()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
    await expect(addUser(store, 'late')).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
  });
}
