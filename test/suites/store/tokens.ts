import { expect } from 'vitest';
import { AlreadyExists, NotFound } from '../../../hub/store/index.js';
import { service } from './services.js';
import { addClient, addUser, at, type Check, token } from './subject.js';

export function describeTokens(check: Check): void {
  check('keeps a token as it was given', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const given = token(
      { userId: alice.id },
      { sessionId: 's1', expiresAt: at(99), scopes: ['self', 'x!user=ü'] },
    );
    const made = await store.tokens.create(given);
    expect(made).toEqual({ ...given, id: made.id, lastActivity: null });
    expect(await store.tokens.byId(made.id)).toEqual(made);
    expect(await store.tokens.byId(2 ** 40)).toBeUndefined();
    const same = store.tokens.create(token({ userId: alice.id }, { hashed: given.hashed }));
    await expect(same).rejects.toBeInstanceOf(AlreadyExists);
    await expect(store.tokens.create(token({ userId: 99 }))).rejects.toBeInstanceOf(NotFound);
    const stray = store.tokens.create(token({ userId: alice.id }, { clientId: 'unknown' }));
    await expect(stray).rejects.toBeInstanceOf(NotFound);
    await expect(store.tokens.create({ ...given, serviceId: 1 })).rejects.toThrow('exactly one owner');
    await expect(store.tokens.create({ ...given, userId: null })).rejects.toThrow('exactly one owner');
  });

  check('offers the unexpired candidates of a prefix', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    const forever = await store.tokens.create(token({ userId }));
    const until = await store.tokens.create(token({ userId }, { expiresAt: at(10) }));
    await store.tokens.create(token({ userId }, { prefix: 'zzzz' }));
    const ids = async (seconds: number) =>
      (await store.tokens.candidates('abcd', at(seconds))).map((found) => found.id);
    expect(await ids(9)).toEqual([forever.id, until.id]);
    expect(await ids(10)).toEqual([forever.id, until.id]);
    expect(await ids(11)).toEqual([forever.id]);
    expect(await store.tokens.candidates('', at(0))).toEqual([]);
  });

  check('lists by owner and by client', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    const { id: serviceId } = await store.services.upsert(service('api'));
    await addClient(store, 'client');
    const own = await store.tokens.create(token({ userId }));
    const issued = await store.tokens.create(token({ userId }, { clientId: 'client' }));
    const services = await store.tokens.create(token({ serviceId }));
    expect(await store.tokens.byOwner({ userId })).toEqual([own, issued]);
    expect(await store.tokens.byOwner({ serviceId })).toEqual([services]);
    expect(await store.tokens.byUserAndClient(userId, 'client')).toEqual([issued]);
    expect(await store.tokens.byUserAndClient(userId, 'none')).toEqual([]);
  });

  check('notes activity, forward only', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    const { id } = await store.tokens.create(token({ userId }));
    await store.tokens.touch(new Map([[id, at(5)]]));
    await store.tokens.touch(new Map([[id, at(4)]]));
    expect((await store.tokens.byId(id))?.lastActivity).toBe(at(5));
  });

  check('deletes and says what is gone', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    const { id: otherId } = await addUser(store, 'bob');
    await addClient(store, 'client');
    const make = async (change: Parameters<typeof token>[1]) =>
      (await store.tokens.create(token({ userId }, change))).id;
    const plain = await make({});
    const session = await make({ sessionId: 's1' });
    const issued = await make({ clientId: 'client' });
    const server = await make({ note: 'Server at /user/alice/' });
    const others = await store.tokens.create(
      token({ userId: otherId }, { sessionId: 's1', clientId: 'client' }),
    );
    expect(await store.tokens.delete([plain, 9999, 2 ** 50])).toEqual([plain]);
    expect(await store.tokens.delete([plain])).toEqual([]);
    expect(await store.tokens.delete([])).toEqual([]);
    expect(await store.tokens.deleteBySession(userId, 's1')).toEqual([session]);
    expect(await store.tokens.deleteByUserAndClient(userId, 'client')).toEqual([issued]);
    expect(await store.tokens.deleteByNote(userId, 'Server at /user/alice')).toEqual([]);
    expect(await store.tokens.deleteByNote(userId, 'Server at /user/alice/')).toEqual([server]);
    expect(await store.tokens.byOwner({ userId })).toEqual([]);
    expect(await store.tokens.byOwner({ userId: otherId })).toEqual([others]);
  });

  check('purges what has expired', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    await store.tokens.create(token({ userId }, { expiresAt: at(1) }));
    const valid = await store.tokens.create(token({ userId }, { expiresAt: at(5) }));
    const forever = await store.tokens.create(token({ userId }));
    expect(await store.tokens.purgeExpired(at(5))).toBe(1);
    expect(await store.tokens.byOwner({ userId })).toEqual([valid, forever]);
    expect(await store.tokens.purgeExpired(at(5))).toBe(0);
  });
}
