import { expect } from 'vitest';
import { type EntityKind, NotFound, type Store } from '../../../hub/store/index.js';
import { service } from './services.js';
import { addUser, type Check } from './subject.js';

async function entity(store: Store, kind: EntityKind, name: string): Promise<number> {
  if (kind === 'user') return (await addUser(store, name)).id;
  if (kind === 'group') return (await store.groups.create(name)).id;
  return (await store.services.upsert(service(name))).id;
}

export function describeRoles(check: Check): void {
  check('inserts and replaces roles by name', async ({ store }) => {
    const made = await store.roles.upsert({
      name: 'r',
      description: 'first',
      scopes: ['b', 'a'],
      managedByAuth: true,
    });
    expect(made).toMatchObject({ name: 'r', description: 'first', scopes: ['b', 'a'], managedByAuth: true });
    const again = await store.roles.upsert({ name: 'r', description: null, scopes: [] });
    expect(again).toEqual({ ...made, description: null, scopes: [] });
    expect(await store.roles.byName('r')).toEqual(again);
    expect(await store.roles.byName('none')).toBeUndefined();
    const other = await store.roles.upsert({ name: 'a', description: null, scopes: [] });
    expect(await store.roles.all()).toEqual([again, other]);
  });

  for (const kind of ['user', 'group', 'service'] as const) {
    check(`grants to and strips from a ${kind}`, async ({ store }) => {
      const one = await entity(store, kind, 'one');
      const two = await entity(store, kind, 'two');
      const role = await store.roles.upsert({ name: 'role', description: null, scopes: ['self'] });
      const other = await store.roles.upsert({ name: 'other', description: null, scopes: [] });
      await store.roles.grant(role.id, kind, [one, two]);
      await store.roles.grant(role.id, kind, [one]);
      await store.roles.grant(other.id, kind, [one]);
      expect(await store.roles.of(kind, one)).toEqual([role, other]);
      expect(await store.roles.ofMany(kind, [one, two, 99])).toEqual(
        new Map([
          [one, [role, other]],
          [two, [role]],
          [99, []],
        ]),
      );
      expect(await store.roles.holders(role.id, kind)).toEqual([one, two]);
      await store.roles.strip(role.id, kind, [two, 99]);
      expect(await store.roles.holders(role.id, kind)).toEqual([one]);
      await store.roles.stripAll(kind, one);
      expect(await store.roles.of(kind, one)).toEqual([]);
      await store.roles.grant(role.id, kind, []);
      await expect(store.roles.grant(role.id, kind, [99])).rejects.toBeInstanceOf(NotFound);
      await expect(store.roles.grant(99, kind, [one])).rejects.toBeInstanceOf(NotFound);
    });
  }

  check('knows which grants came from the authenticator', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    const role = await store.roles.upsert({ name: 'role', description: null, scopes: [] });
    await store.roles.grant(role.id, 'user', [alice.id, bob.id]);
    expect(await store.roles.managedHolders(role.id, 'user')).toEqual([]);
    await store.roles.grant(role.id, 'user', [alice.id], true);
    expect(await store.roles.managedHolders(role.id, 'user')).toEqual([alice.id]);
    await store.roles.grant(role.id, 'user', [alice.id, bob.id]);
    expect(await store.roles.managedHolders(role.id, 'user')).toEqual([alice.id]);
  });

  check('deletes a role from all who hold it', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const role = await store.roles.upsert({ name: 'role', description: null, scopes: [] });
    await store.roles.grant(role.id, 'user', [alice.id]);
    await store.roles.delete('role');
    expect(await store.roles.of('user', alice.id)).toEqual([]);
    await expect(store.roles.delete('role')).rejects.toBeInstanceOf(NotFound);
  });
}
