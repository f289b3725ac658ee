import { expect } from 'vitest';
import { AlreadyExists, NotFound } from '../../../hub/store/index.js';
import { addUser, type Check, defaultSpawner } from './subject.js';

export function describeGroups(check: Check): void {
  check('creates groups once, with properties', async ({ store }) => {
    const group = await store.groups.create('class', { limit: 3, name: 'Ünï' });
    expect(group).toMatchObject({ name: 'class', properties: { limit: 3, name: 'Ünï' } });
    expect(await store.groups.byName('class')).toEqual(group);
    expect(await store.groups.byName('none')).toBeUndefined();
    await expect(store.groups.create('class')).rejects.toBeInstanceOf(AlreadyExists);
    await store.groups.setProperties(group.id, {});
    expect((await store.groups.byName('class'))?.properties).toEqual({});
    await expect(store.groups.setProperties(99, {})).rejects.toBeInstanceOf(NotFound);
  });

  check('adds and removes members, as often as asked', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    const group = await store.groups.create('class');
    await store.groups.addUsers(group.id, [alice.id]);
    await store.groups.addUsers(group.id, [bob.id, alice.id, bob.id]);
    expect(await store.groups.members(group.id)).toEqual(['alice', 'bob']);
    const empty = await store.groups.create('empty');
    expect([...(await store.groups.memberCounts([group.id, empty.id]))]).toEqual([
      [group.id, 2],
      [empty.id, 0],
    ]);
    const named = await store.groups.list({ offset: 0, limit: 10, nameFilter: 'CLA' });
    expect(named).toMatchObject({ items: [{ name: 'class' }], total: 1 });
    const members = await store.groups.membersOfMany([group.id, empty.id, 99]);
    expect([...members]).toEqual([
      [group.id, ['alice', 'bob']],
      [empty.id, []],
      [99, []],
    ]);
    expect((await store.groups.byIds([empty.id, 99])).map((found) => found.name)).toEqual(['empty']);
    expect(await store.users.byIds([alice.id, 99])).toEqual([alice]);
    expect((await store.spawners.byIds([(await defaultSpawner(store, bob)).id, 99])).length).toBe(1);
    expect(await store.groups.isMember('alice', 'class')).toBe(true);
    expect(await store.groups.isMember('alice', 'none')).toBe(false);
    expect((await store.groups.byUser(alice.id)).map((found) => found.name)).toEqual(['class']);
    await store.groups.removeUsers(group.id, [alice.id, 99]);
    expect(await store.groups.members(group.id)).toEqual(['bob']);
    await store.groups.removeUsers(group.id, []);
    await expect(store.groups.addUsers(99, [bob.id])).rejects.toBeInstanceOf(NotFound);
  });

  check("sets exactly a user's groups, creating the missing", async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const old = await store.groups.create('old');
    await store.groups.create('kept');
    await store.groups.addUsers(old.id, [alice.id]);
    await store.groups.setUserGroups(alice.id, ['kept', 'new', 'kept']);
    expect((await store.groups.byUser(alice.id)).map((group) => group.name)).toEqual(['kept', 'new']);
    expect(await store.groups.byName('old')).toBeDefined();
    await store.groups.setUserGroups(alice.id, []);
    expect(await store.groups.byUser(alice.id)).toEqual([]);
    await expect(store.groups.setUserGroups(99, ['ghost'])).rejects.toBeInstanceOf(NotFound);
    expect(await store.groups.byName('ghost')).toBeUndefined();
  });

  check('lists groups in pages and names per user', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    for (const name of ['g1', 'g2', 'g3']) {
      const group = await store.groups.create(name);
      await store.groups.addUsers(group.id, [alice.id]);
    }
    const page = await store.groups.list({ offset: 1, limit: 1 });
    expect(page).toMatchObject({ total: 3, items: [{ name: 'g2' }] });
    const some = await store.groups.list({ offset: 0, limit: 9, only: ['g3', 'g1', 'none'] });
    expect(some).toMatchObject({ total: 2, items: [{ name: 'g1' }, { name: 'g3' }] });
    expect(await store.groups.list({ offset: 0, limit: 9, only: [] })).toEqual({ items: [], total: 0 });
    const names = await store.groups.namesByUsers([alice.id, bob.id]);
    expect(names).toEqual(
      new Map([
        [alice.id, ['g1', 'g2', 'g3']],
        [bob.id, []],
      ]),
    );
  });

  check('deletes a group and its memberships', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const group = await store.groups.create('class');
    await store.groups.addUsers(group.id, [alice.id]);
    await store.groups.delete(group.id);
    expect(await store.groups.byUser(alice.id)).toEqual([]);
    await expect(store.groups.delete(group.id)).rejects.toBeInstanceOf(NotFound);
  });
}
