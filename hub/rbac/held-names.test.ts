import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/rbac-world.js';
import { HeldNamesCache } from './held-names.js';

describe('HeldNamesCache', () => {
  it('reads once for all who are missing, and again when the rights have changed', async () => {
    await using world = await World.open();
    const [ann, ben] = [await world.user('ann'), await world.user('ben')];
    const group = await world.store.groups.create('class');
    await world.store.groups.addUsers(group.id, [ann.id]);
    const asked: (readonly number[])[] = [];
    const { store } = world;
    const cache = new HeldNamesCache({
      rightsEpoch: () => store.rightsEpoch(),
      groups: store.groups,
      roles: {
        ...store.roles,
        ofMany: (kind, ids) => {
          asked.push(ids);
          return store.roles.ofMany(kind, ids);
        },
      },
    });
    expect((await cache.of([ann.id]))(ann.id)).toEqual({ roles: ['user'], groups: ['class'] });
    const both = await cache.of([ann.id, ben.id]);
    expect([both(ann.id).groups, both(ben.id).groups]).toEqual([['class'], []]);
    await cache.of([ben.id, ann.id]);
    expect(asked).toEqual([[ann.id], [ben.id]]);
    await store.groups.removeUsers(group.id, [ann.id]);
    expect((await cache.of([ann.id]))(ann.id).groups).toEqual([]);
  });

  it('does not keep what a write has overtaken', async () => {
    await using world = await World.open();
    const ann = await world.user('ann');
    const group = await world.store.groups.create('class');
    const { store } = world;
    const overtaken = async (ids: readonly number[]) => {
      const names = await store.groups.namesByUsers(ids);
      await store.groups.addUsers(group.id, [ann.id]);
      return names;
    };
    let reads = 0;
    const cache = new HeldNamesCache({
      rightsEpoch: () => store.rightsEpoch(),
      roles: store.roles,
      groups: {
        ...store.groups,
        namesByUsers: (ids) => (reads++ === 0 ? overtaken(ids) : store.groups.namesByUsers(ids)),
      },
    });
    expect((await cache.of([ann.id]))(ann.id).groups).toEqual([]);
    expect((await cache.of([ann.id]))(ann.id).groups).toEqual(['class']);
  });

  it('knows nothing of a user without a row', async () => {
    await using world = await World.open();
    const names = await new HeldNamesCache(world.store).of([77]);
    expect(names(77)).toEqual({ roles: [], groups: [] });
    expect(names(78)).toEqual({ roles: [], groups: [] });
  });
});
