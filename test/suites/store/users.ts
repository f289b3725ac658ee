import { expect } from 'vitest';
import { AlreadyExists, NotFound } from '../../../hub/store/index.js';
import { addClient, addUser, at, type Check, defaultSpawner, SERVER, token, userName } from './subject.js';

const ALL = { offset: 0, limit: 100 };

export function describeUsers(check: Check): void {
  check('creates a user with its default spawner and a cookie id', async ({ store }) => {
    const alice = await store.users.create({ name: userName('alice'), created: at(3) });
    expect(alice).toMatchObject({ name: 'alice', admin: false, created: at(3), lastActivity: null });
    expect(alice.cookieId).toMatch(/^[0-9a-f]{32}$/);
    expect(alice.userInfo).toBeNull();
    expect(alice.encryptedAuthState).toBeNull();
    const spawners = await store.spawners.byUser(alice.id);
    expect(spawners).toHaveLength(1);
    expect(spawners[0]).toMatchObject({
      name: '',
      displayName: '',
      state: null,
      server: null,
      started: null,
    });
  });

  check('finds users by id, name and cookie id', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    expect(await store.users.byId(alice.id)).toEqual(alice);
    expect(await store.users.byName('alice')).toEqual(alice);
    expect(await store.users.byCookieId(alice.cookieId)).toEqual(alice);
    expect(await store.users.byName('Alice')).toBeUndefined();
    expect(await store.users.byCookieId('')).toBeUndefined();
    for (const id of [0, -1, 99, 2 ** 40, Number.NaN, 1.5])
      expect(await store.users.byId(id)).toBeUndefined();
  });

  check('takes any name as a value, never as SQL', async ({ store }) => {
    const names = ["o'brien", 'a"b', 'x; drop table users; --', '%', '名前', '🦊', '\\', '$1', '?'];
    for (const name of names) await addUser(store, name);
    const found = await store.users.byNames(names);
    expect(found.map((user) => user.name)).toEqual(names);
    for (const name of names) expect((await store.users.byName(name))?.name).toBe(name);
    expect(await store.users.count()).toBe(names.length);
  });

  check('refuses a name twice', async ({ store }) => {
    await addUser(store, 'alice');
    await expect(addUser(store, 'alice')).rejects.toBeInstanceOf(AlreadyExists);
    const both = [addUser(store, 'bob'), addUser(store, 'bob')];
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await store.users.count()).toBe(2);
  });

  check('creates many at once, or none', async ({ store }) => {
    const names = Array.from({ length: 2500 }, (_, n) => userName(`user-${n}`));
    const users = await store.users.createMany(names, true);
    expect(users.map((user) => user.name)).toEqual(names);
    expect(users.every((user) => user.admin)).toBe(true);
    expect(
      await store.spawners.byUsers(
        users.map((user) => user.id),
        false,
      ),
    ).toHaveLength(2500);

    const clash = store.users.createMany([userName('fresh'), userName('user-7')], false);
    await expect(clash).rejects.toBeInstanceOf(AlreadyExists);
    await expect(clash).rejects.toThrow('user-7');
    const twice = store.users.createMany([userName('same'), userName('same')], false);
    await expect(twice).rejects.toBeInstanceOf(AlreadyExists);
    expect(await store.users.byName('fresh')).toBeUndefined();
    expect(await store.users.byName('same')).toBeUndefined();

    const seen: string[] = [];
    for await (const batch of store.users.allNames()) {
      expect(batch.length).toBeLessThanOrEqual(1000);
      seen.push(...batch);
    }
    expect(seen).toEqual(names);
  });

  check('updates what is named and nothing else', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const info = { groups: ['a', 'ü', '☃'], nested: { pid: 3, none: null } };
    await store.users.update(alice.id, {
      admin: true,
      userInfo: info,
      encryptedAuthState: Buffer.from('gAAAAAbc=='),
    });
    const updated = await store.users.byId(alice.id);
    expect(updated).toMatchObject({ name: 'alice', admin: true, userInfo: info, cookieId: alice.cookieId });
    expect(Buffer.from(updated?.encryptedAuthState ?? []).toString()).toBe('gAAAAAbc==');
    await store.users.update(alice.id, {
      userInfo: null,
      encryptedAuthState: null,
      name: userName('alicia'),
    });
    expect(await store.users.byId(alice.id)).toEqual({ ...alice, admin: true, name: 'alicia' });
    await store.users.update(alice.id, {});
  });

  check('refuses updates of nobody, and of a name that is taken', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    await addUser(store, 'bob');
    await expect(store.users.update(99, { admin: true })).rejects.toBeInstanceOf(NotFound);
    await expect(store.users.update(alice.id, { name: userName('bob') })).rejects.toBeInstanceOf(
      AlreadyExists,
    );
    await store.users.update(alice.id, { name: userName('alice') });
    expect((await store.users.byId(alice.id))?.name).toBe('alice');
  });

  check('moves last activity forward only, many at once', async ({ store }) => {
    const names = Array.from({ length: 1200 }, (_, n) => userName(`u${n}`));
    const users = await store.users.createMany(names, false);
    const [first, second] = users;
    if (!first || !second) throw new Error('no users');
    await store.users.update(first.id, { lastActivity: at(50) });
    await store.users.touch(new Map(users.map((user) => [user.id, at(30)])));
    expect((await store.users.byId(first.id))?.lastActivity).toBe(at(50));
    expect((await store.users.byId(second.id))?.lastActivity).toBe(at(30));
    const last = users.at(-1);
    expect((await store.users.byId(last?.id ?? 0))?.lastActivity).toBe(at(30));
    await store.users.touch(new Map());
    await store.users.touch(new Map([[999_999, at(1)]]));
  });

  check('lists in pages, sorted, with the total', async ({ store }) => {
    for (const name of ['carol', 'alice', 'bob']) await addUser(store, name);
    const alice = await store.users.byName('alice');
    const carol = await store.users.byName('carol');
    await store.users.touch(
      new Map([
        [alice?.id ?? 0, at(9)],
        [carol?.id ?? 0, at(5)],
      ]),
    );
    const names = async (query: Parameters<typeof store.users.list>[0]) =>
      (await store.users.list(query)).items.map((user) => user.name);
    expect(await names(ALL)).toEqual(['carol', 'alice', 'bob']);
    expect(await names({ ...ALL, sort: { by: 'id', descending: true } })).toEqual(['bob', 'alice', 'carol']);
    expect(await names({ ...ALL, sort: { by: 'name', descending: false } })).toEqual([
      'alice',
      'bob',
      'carol',
    ]);
    // NULL first ascending, last descending.
    const activity = { by: 'last_activity' as const };
    expect(await names({ ...ALL, sort: { ...activity, descending: false } })).toEqual([
      'bob',
      'carol',
      'alice',
    ]);
    expect(await names({ ...ALL, sort: { ...activity, descending: true } })).toEqual([
      'alice',
      'carol',
      'bob',
    ]);
    const page = await store.users.list({ offset: 1, limit: 1, sort: { by: 'name', descending: false } });
    expect(page).toMatchObject({ total: 3, items: [{ name: 'bob' }] });
    expect(await store.users.list({ offset: 10, limit: 5 })).toEqual({ items: [], total: 3 });
  });

  check('filters by name as SQL LIKE does', async ({ store }) => {
    for (const name of ['alice', 'malik', 'bob', 'ALISON', 'a_b', 'axb']) await addUser(store, name);
    const like = async (nameFilter: string) =>
      (await store.users.list({ ...ALL, nameFilter })).items.map((user) => user.name);
    expect(await like('ali')).toEqual(['alice', 'malik', 'ALISON']);
    expect(await like('a_b')).toEqual(['a_b', 'axb']);
    expect(await like('a%e')).toEqual(['alice']);
    expect(await like("'")).toEqual([]);
    expect(await like('')).toHaveLength(6);
  });

  check('filters by active servers', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    await addUser(store, 'bob');
    const spawner = await defaultSpawner(store, alice);
    await store.spawners.setServer(spawner.id, SERVER);
    const names = async (state: 'active' | 'inactive') => {
      const { items, total } = await store.users.list({ ...ALL, state });
      expect(total).toBe(items.length);
      return items.map((user) => user.name);
    };
    expect(await names('active')).toEqual(['alice']);
    expect(await names('inactive')).toEqual(['bob']);
  });

  check('filters by administrators, by a group and by ids, and by several at once', async ({ store }) => {
    const [alice, bob, carol] = [
      await addUser(store, 'alice'),
      await addUser(store, 'bob'),
      await addUser(store, 'carol'),
    ];
    await store.users.update(alice.id, { admin: true });
    await store.users.update(carol.id, { admin: true });
    const group = await store.groups.create("it's");
    await store.groups.addUsers(group.id, [alice.id, bob.id]);
    const names = async (asked: Partial<Parameters<typeof store.users.list>[0]>) => {
      const { items, total } = await store.users.list({ ...ALL, ...asked });
      expect(total).toBe(items.length);
      return items.map((user) => user.name);
    };
    expect(await names({ adminsOnly: true })).toEqual(['alice', 'carol']);
    expect(await names({ inGroup: "it's" })).toEqual(['alice', 'bob']);
    expect(await names({ inGroup: 'none' })).toEqual([]);
    expect(await names({ ids: [carol.id, bob.id, 99] })).toEqual(['bob', 'carol']);
    expect(await names({ ids: [] })).toEqual([]);
    expect(await names({ inGroup: "it's", adminsOnly: true, ids: [alice.id], nameFilter: 'LIC' })).toEqual([
      'alice',
    ]);
    const only = { users: ['bob'], groups: [] };
    expect(await names({ inGroup: "it's", only })).toEqual(['bob']);
  });

  check('shows only those of the given names and groups', async ({ store }) => {
    for (const name of ['alice', 'bob', 'carol', 'dave']) await addUser(store, name);
    const group = await store.groups.create('class');
    const [bob, carol] = await store.users.byNames(['bob', 'carol']);
    await store.groups.addUsers(group.id, [bob?.id ?? 0, carol?.id ?? 0]);
    const only = async (users: string[], groups: string[]) =>
      (await store.users.list({ ...ALL, only: { users, groups } })).items.map((user) => user.name);
    expect(await only(['alice', 'bob'], ['class'])).toEqual(['alice', 'bob', 'carol']);
    expect(await only(['dave', 'nobody'], [])).toEqual(['dave']);
    expect(await only([], ['class', 'none'])).toEqual(['bob', 'carol']);
    expect(await only([], [])).toEqual([]);
  });

  check('deletes a user with everything that is theirs', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    const spawner = await defaultSpawner(store, alice);
    const group = await store.groups.create('class');
    const role = await store.roles.upsert({ name: 'user', description: null, scopes: ['self'] });
    await addClient(store, 'jupyterhub-user-alice');
    await store.spawners.update(spawner.id, { oauthClientId: 'jupyterhub-user-alice' });
    await store.spawners.setServer(spawner.id, SERVER);
    await store.groups.addUsers(group.id, [alice.id]);
    await store.roles.grant(role.id, 'user', [alice.id]);
    const own = await store.tokens.create(token({ userId: alice.id }));
    const visitors = await store.tokens.create(
      token({ userId: bob.id }, { clientId: 'jupyterhub-user-alice' }),
    );
    const share = await store.shares.create({
      createdAt: at(0),
      expiresAt: null,
      scopes: ['access:servers!server=alice/'],
      userId: bob.id,
      groupId: null,
      ownerId: alice.id,
      spawnerId: spawner.id,
    });

    await store.users.delete(alice.id);
    expect(await store.users.byId(alice.id)).toBeUndefined();
    expect(await store.spawners.byId(spawner.id)).toBeUndefined();
    expect(await store.spawners.countActive()).toBe(0);
    expect(await store.oauth.client('jupyterhub-user-alice')).toBeUndefined();
    expect(await store.tokens.byId(own.id)).toBeUndefined();
    expect(await store.tokens.byId(visitors.id)).toBeUndefined();
    expect(await store.groups.members(group.id)).toEqual([]);
    expect(await store.roles.holders(role.id, 'user')).toEqual([]);
    expect(await store.shares.toUser(bob.id)).toEqual([]);
    expect(share.ownerId).toBe(alice.id);
    expect(await store.users.byName('bob')).toEqual(bob);
    await expect(store.users.delete(alice.id)).rejects.toBeInstanceOf(NotFound);
  });
}
