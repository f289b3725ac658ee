import { expect } from 'vitest';
import { AlreadyExists, Conflict, NotFound, type OperationRecord } from '../../../hub/store/index.js';
import { addClient, addUser, at, type Check, defaultSpawner, SERVER, serverName, token } from './subject.js';

function operation(spawnerId: number, spawnId: string): OperationRecord {
  return { spawnerId, kind: 'spawn', spawnId, startedAt: at(0), deadline: at(60) };
}

export function describeSpawners(check: Check): void {
  check('creates named servers once', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const lab = await store.spawners.create({
      userId: alice.id,
      name: serverName('lab'),
      displayName: 'My Lab',
    });
    expect(lab).toMatchObject({
      userId: alice.id,
      name: 'lab',
      displayName: 'My Lab',
      server: null,
      state: null,
    });
    expect(await store.spawners.find(alice.id, 'lab')).toEqual(lab);
    expect(await store.spawners.find(alice.id, 'none')).toBeUndefined();
    const again = store.spawners.create({ userId: alice.id, name: serverName('lab') });
    await expect(again).rejects.toBeInstanceOf(AlreadyExists);
    await expect(store.spawners.create({ userId: 99, name: serverName('x') })).rejects.toBeInstanceOf(
      NotFound,
    );
    expect((await store.spawners.byUser(alice.id)).map((spawner) => spawner.name)).toEqual(['', 'lab']);
  });

  check('keeps state, options and times as they are given', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const { id } = await defaultSpawner(store, alice);
    const change = {
      state: { pid: 4242, children: [1, 2], note: 'ünïcode ☃ 🦊' },
      userOptions: { profile: 'small', deep: { a: null } },
      started: at(1),
      lastActivity: at(2),
      displayName: 'Mine',
    };
    await store.spawners.update(id, change);
    expect(await store.spawners.byId(id)).toMatchObject(change);
    await store.spawners.update(id, { state: {}, userOptions: null });
    expect(await store.spawners.byId(id)).toMatchObject({ state: {}, userOptions: null, started: at(1) });
    await expect(store.spawners.update(99, { state: {} })).rejects.toBeInstanceOf(NotFound);
  });

  check('renames to a free name only', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const lab = await store.spawners.create({ userId: alice.id, name: serverName('lab') });
    await expect(store.spawners.update(lab.id, { name: serverName('') })).rejects.toBeInstanceOf(
      AlreadyExists,
    );
    await store.spawners.update(lab.id, { name: serverName('lab2') });
    expect((await store.spawners.find(alice.id, 'lab2'))?.id).toBe(lab.id);
  });

  check('is active from setServer to clearServer', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const { id } = await defaultSpawner(store, alice);
    await store.spawners.update(id, { started: at(1), userOptions: { keep: true } });
    const first = await store.spawners.setServer(id, { ...SERVER, port: 1 });
    const second = await store.spawners.setServer(id, SERVER);
    expect(second).toEqual({ ...SERVER, id: first.id });
    expect((await store.spawners.byId(id))?.server).toEqual(second);
    expect(await store.spawners.countActive()).toBe(1);
    expect(await store.spawners.active()).toMatchObject([{ user: { name: 'alice' }, spawner: { id } }]);
    await store.spawners.clearServer(id, at(9));
    expect(await store.spawners.byId(id)).toMatchObject({
      server: null,
      started: null,
      lastActivity: at(9),
      userOptions: { keep: true },
    });
    expect(await store.spawners.active()).toEqual([]);
    await store.spawners.clearServer(id, at(10));
    await expect(store.spawners.setServer(99, SERVER)).rejects.toBeInstanceOf(NotFound);
  });

  check("finds many users' servers and the server of a client", async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const bob = await addUser(store, 'bob');
    const { id } = await defaultSpawner(store, bob);
    await addClient(store, 'jupyterhub-user-bob');
    await store.spawners.update(id, { oauthClientId: 'jupyterhub-user-bob' });
    await store.spawners.setServer(id, SERVER);
    expect(await store.spawners.byUsers([alice.id, bob.id], false)).toHaveLength(2);
    expect((await store.spawners.byUsers([alice.id, bob.id], true)).map((spawner) => spawner.id)).toEqual([
      id,
    ]);
    expect(await store.spawners.byUsers([], false)).toEqual([]);
    expect((await store.spawners.byOAuthClient('jupyterhub-user-bob'))?.id).toBe(id);
    expect(await store.spawners.byOAuthClient('none')).toBeUndefined();
    await store.oauth.deleteClient('jupyterhub-user-bob');
    expect((await store.spawners.byId(id))?.oauthClientId).toBeNull();
  });

  check("moves servers' activity forward only", async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const { id } = await defaultSpawner(store, alice);
    await store.spawners.touch(new Map([[id, at(20)]]));
    await store.spawners.touch(new Map([[id, at(10)]]));
    expect((await store.spawners.byId(id))?.lastActivity).toBe(at(20));
  });

  check('deletes a server with its row, client and tokens', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const lab = await store.spawners.create({ userId: alice.id, name: serverName('lab') });
    await addClient(store, 'client-lab');
    await store.spawners.update(lab.id, { oauthClientId: 'client-lab' });
    await store.spawners.setServer(lab.id, SERVER);
    await store.operations.begin(operation(lab.id, 's1'));
    const issued = await store.tokens.create(token({ userId: alice.id }, { clientId: 'client-lab' }));
    await store.spawners.delete(lab.id);
    expect(await store.spawners.byId(lab.id)).toBeUndefined();
    expect(await store.oauth.client('client-lab')).toBeUndefined();
    expect(await store.tokens.byId(issued.id)).toBeUndefined();
    expect(await store.operations.all()).toEqual([]);
    expect(await store.spawners.countActive()).toBe(0);
    await expect(store.spawners.delete(lab.id)).rejects.toBeInstanceOf(NotFound);
  });

  check('keeps a client that another server shares', async ({ store }) => {
    const a = await addUser(store, 'a');
    const ab = await addUser(store, 'a-b');
    const named = await store.spawners.create({ userId: a.id, name: serverName('b') });
    await addClient(store, 'jupyterhub-user-a-b');
    for (const { id } of [named, await defaultSpawner(store, ab)]) {
      await store.spawners.update(id, { oauthClientId: 'jupyterhub-user-a-b' });
    }
    await store.spawners.delete(named.id);
    expect(await store.oauth.client('jupyterhub-user-a-b')).toBeDefined();
    await store.users.delete(ab.id);
    expect(await store.oauth.client('jupyterhub-user-a-b')).toBeUndefined();
  });

  check('lets one operation at a time begin on a server', async ({ store }) => {
    const alice = await addUser(store, 'alice');
    const { id } = await defaultSpawner(store, alice);
    const begins = Array.from({ length: 8 }, (_, n) => store.operations.begin(operation(id, `s${n}`)));
    const outcomes = await Promise.allSettled(begins);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toHaveLength(7);
    for (const reason of refused) expect(reason).toBeInstanceOf(Conflict);
    const [begun] = await store.operations.all();
    expect(begun).toEqual(operation(id, begun?.spawnId ?? ''));
    expect(await store.spawners.active()).toMatchObject([{ spawner: { id, server: null } }]);
    await store.operations.end(id, 'another');
    expect(await store.operations.all()).toHaveLength(1);
    await store.operations.end(id, begun?.spawnId ?? '');
    expect(await store.operations.all()).toEqual([]);
    await store.operations.begin(operation(id, 'next'));
    await expect(store.operations.begin(operation(99, 's'))).rejects.toBeInstanceOf(NotFound);
  });
}
