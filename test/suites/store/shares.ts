import { expect } from 'vitest';
import {
  AlreadyExists,
  NotFound,
  type RevocationRecord,
  type ShareRecord,
  type Store,
} from '../../../hub/store/index.js';
import { addUser, at, type Check, defaultSpawner } from './subject.js';

async function scene(store: Store) {
  const owner = await addUser(store, 'owner');
  const guest = await addUser(store, 'guest');
  const group = await store.groups.create('class');
  const spawner = await defaultSpawner(store, owner);
  const share: Omit<ShareRecord, 'id'> = {
    createdAt: at(0),
    expiresAt: null,
    scopes: ['access:servers!server=owner/'],
    userId: guest.id,
    groupId: null,
    ownerId: owner.id,
    spawnerId: spawner.id,
  };
  return { owner, guest, group, spawner, share };
}

export function describeShares(check: Check): void {
  check('grants a server to a user and to a group, once each', async ({ store }) => {
    const { owner, guest, group, spawner, share } = await scene(store);
    const toGuest = await store.shares.create(share);
    expect(toGuest).toEqual({ ...share, id: toGuest.id });
    const toGroup = await store.shares.create({
      ...share,
      userId: null,
      groupId: group.id,
      expiresAt: at(9),
    });
    await expect(store.shares.create(share)).rejects.toBeInstanceOf(AlreadyExists);
    await expect(store.shares.create({ ...share, groupId: group.id })).rejects.toThrow('exactly one grantee');
    expect(await store.shares.find(spawner.id, { userId: guest.id })).toEqual(toGuest);
    expect(await store.shares.find(spawner.id, { groupId: group.id })).toEqual(toGroup);
    expect(await store.shares.find(spawner.id, { userId: owner.id })).toBeUndefined();
    expect(await store.shares.toUser(guest.id)).toEqual([toGuest]);
    expect(await store.shares.toGroups([group.id, 99])).toEqual([toGroup]);
    expect(await store.shares.toGroups([])).toEqual([]);
    expect(await store.shares.bySpawner(spawner.id)).toEqual({ items: [toGuest, toGroup], total: 2 });
    expect(await store.shares.byOwner(owner.id, { offset: 1, limit: 1 })).toEqual({
      items: [toGroup],
      total: 2,
    });
  });

  check('changes and deletes shares', async ({ store }) => {
    const { guest, group, share } = await scene(store);
    const { id } = await store.shares.create(share);
    await store.shares.setScopes(id, ['a', 'b']);
    expect((await store.shares.toUser(guest.id))[0]?.scopes).toEqual(['a', 'b']);
    await expect(store.shares.setScopes(99, [])).rejects.toBeInstanceOf(NotFound);
    await store.shares.delete([id, 99, 2 ** 40]);
    expect(await store.shares.toUser(guest.id)).toEqual([]);
    const toGroup = await store.shares.create({ ...share, userId: null, groupId: group.id });
    await store.groups.delete(group.id);
    expect((await store.shares.bySpawner(toGroup.spawnerId)).total).toBe(0);
  });

  check('keeps share codes and counts their use', async ({ store }) => {
    const { owner, spawner } = await scene(store);
    const given = {
      createdAt: at(0),
      expiresAt: at(10),
      scopes: ['access:servers!server=owner/'],
      hashed: 'sha512:1:salt:aa',
      prefix: 'wxyz',
      exchangeCount: 0,
      lastExchangedAt: null,
      ownerId: owner.id,
      spawnerId: spawner.id,
    };
    const made = await store.shares.createCode(given);
    expect(made).toEqual({ ...given, id: made.id });
    await expect(store.shares.createCode(given)).rejects.toBeInstanceOf(AlreadyExists);
    expect(await store.shares.codeCandidates('wxyz', at(10))).toEqual([made]);
    expect(await store.shares.codeCandidates('wxyz', at(11))).toEqual([]);
    await Promise.all([1, 2, 3].map(() => store.shares.countExchange(made.id, at(5))));
    const used = { ...made, exchangeCount: 3, lastExchangedAt: at(5) };
    expect(await store.shares.codes({ ownerId: owner.id })).toEqual({ items: [used], total: 1 });
    expect(await store.shares.codes({ ownerId: owner.id, spawnerId: 99 })).toEqual({ items: [], total: 0 });
    await expect(store.shares.countExchange(99, at(5))).rejects.toBeInstanceOf(NotFound);
    expect(await store.shares.deleteCodes([made.id, 99])).toBe(1);
    expect((await store.shares.codes({ ownerId: owner.id }, { offset: 0, limit: 5 })).total).toBe(0);
  });

  check('purges expired shares and codes', async ({ store }) => {
    const { owner, guest, spawner, share } = await scene(store);
    await store.shares.create({ ...share, expiresAt: at(1) });
    await store.shares.createCode({
      createdAt: at(0),
      expiresAt: at(1),
      scopes: [],
      hashed: 'h',
      prefix: 'p',
      exchangeCount: 0,
      lastExchangedAt: null,
      ownerId: owner.id,
      spawnerId: spawner.id,
    });
    expect(await store.shares.purgeExpired(at(1))).toBe(0);
    expect(await store.shares.purgeExpired(at(2))).toBe(2);
    expect(await store.shares.toUser(guest.id)).toEqual([]);
  });

  check('tells revocations in order to those concerned', async ({ store }) => {
    const entry = (value: string, clientId: string | null): Omit<RevocationRecord, 'cursor'> => ({
      kind: 'token',
      value,
      clientId,
      at: at(1),
    });
    expect(await store.revocations.lastCursor()).toBe(0);
    expect(await store.revocations.since(0, 'c', 10)).toEqual([]);
    await store.revocations.add([]);
    await store.revocations.add([entry('a1', 'c'), entry('a2', 'other'), entry('a3', null)]);
    await store.revocations.add([{ kind: 'session', value: 's', clientId: null, at: at(2) }]);
    const seen = await store.revocations.since(0, 'c', 10);
    expect(seen.map((found) => found.value)).toEqual(['a1', 'a3', 's']);
    expect(seen.at(-1)).toMatchObject({ kind: 'session', clientId: null, at: at(2) });
    const last = await store.revocations.lastCursor();
    expect(seen.at(-1)?.cursor).toBe(last);
    expect(await store.revocations.since(last, 'c', 10)).toEqual([]);
    expect(await store.revocations.since(0, 'c', 2)).toHaveLength(2);
  });

  check('never gives a cursor twice, purged or not', async ({ store, reopen }) => {
    const add = (open: Store, value: string) =>
      open.revocations.add([{ kind: 'user', value, clientId: null, at: at(1) }]);
    await add(store, 'u1');
    await add(store, 'u2');
    const before = await store.revocations.lastCursor();
    expect(await store.revocations.purgeBefore(at(9))).toBe(1);
    expect(await store.revocations.lastCursor()).toBe(before);
    const later = reopen ? await reopen() : store;
    await add(later, 'u3');
    const [next] = await later.revocations.since(before, 'c', 10);
    expect(next?.cursor).toBeGreaterThan(before);
  });
}
