/** Real JupyterHub 6.1.1 on a database of ours, and ours on what it leaves. */
import { createHash, randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import { openStore, type Store } from '../../hub/store/index.js';
import { type Postgres, startPostgres, startRealHub } from './peers.js';

const TOKEN = randomUUID().replaceAll('-', '');

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'anteroom-swap-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (url: string): Promise<Store> => openStore({ url, log: silentLog, clock: systemClock });
const fileUrl = (folder: string): string => `sqlite:///${join(folder, 'jupyterhub.sqlite')}`;

/** What a hub would have written: alice, an administrator, in a group, with a token. */
async function furnish(store: Store): Promise<void> {
  const now = timestamp(Date.now());
  const alice = await store.users.create({ name: 'alice' as UserName, admin: true });
  for (const name of ['user', 'admin']) {
    const role = await store.roles.upsert({ name, description: null, scopes: [] });
    await store.roles.grant(role.id, 'user', [alice.id]);
  }
  await store.groups.setUserGroups(alice.id, ['staff']);
  const spawner = await store.spawners.find(alice.id, '');
  await store.spawners.update(spawner?.id ?? 0, { state: {}, userOptions: { size: 'ü' } });
  const digest = createHash('sha512').update('0011223344556677').update(TOKEN).digest('hex');
  await store.tokens.create({
    userId: alice.id,
    serviceId: null,
    hashed: `sha512:1:0011223344556677:${digest}`,
    prefix: TOKEN.slice(0, 4),
    clientId: 'jupyterhub',
    sessionId: null,
    created: now,
    expiresAt: null,
    note: 'made by the other hub',
    scopes: ['inherit'],
  });
}

/** Runs the real hub in `folder`, asks it for alice and has it make bob. */
async function useRealHub(folder: string, dbUrl: string): Promise<void> {
  const config = `
c.JupyterHub.db_url = ${JSON.stringify(dbUrl)}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
`;
  await using hub = await startRealHub({ dir: folder, config });
  const headers = { Authorization: `token ${TOKEN}` };
  const answer = await fetch(`${hub.publicUrl}/hub/api/users/alice`, { headers });
  expect(answer.status, hub.log()).toBe(200);
  const alice: unknown = await answer.json();
  expect(alice).toMatchObject({ name: 'alice', admin: true, groups: ['staff'], server: null });
  const made = await fetch(`${hub.publicUrl}/hub/api/users/bob`, { method: 'POST', headers });
  expect(made.status).toBe(201);
}

async function findBoth(store: Store): Promise<void> {
  const bob = await store.users.byName('bob');
  expect((await store.roles.of('user', bob?.id ?? 0)).map((role) => role.name)).toEqual(['user']);
  const alice = await store.users.byName('alice');
  expect(alice).toMatchObject({ admin: true });
  expect((await store.spawners.find(alice?.id ?? 0, ''))?.userOptions).toEqual({ size: 'ü' });
  const candidates = await store.tokens.candidates(TOKEN.slice(0, 4), timestamp(Date.now()));
  expect(candidates.map((found) => found.note)).toEqual(['made by the other hub']);
  expect(candidates[0]?.lastActivity).not.toBeNull();
  await store.users.delete(bob?.id ?? 0);
}

describe('JupyterHub 6.1.1 and ours on one database', () => {
  it('take turns on an SQLite file after orderly stops', async () => {
    const store = await open(fileUrl(dir));
    await furnish(store);
    await store[Symbol.asyncDispose]();
    await useRealHub(dir, 'sqlite:///jupyterhub.sqlite');
    const again = await open(fileUrl(dir));
    await findBoth(again);
    await again[Symbol.asyncDispose]();
  });

  it('take turns after ours was killed', async () => {
    const store = await open(fileUrl(dir));
    await furnish(store);
    // What kill -9 leaves is the files as they are now: the rows are still in the -wal.
    const killed = join(dir, 'killed');
    mkdirSync(killed);
    for (const file of ['jupyterhub.sqlite', 'jupyterhub.sqlite-wal'])
      copyFileSync(join(dir, file), join(killed, file));
    await store[Symbol.asyncDispose]();
    expect(existsSync(join(killed, 'jupyterhub.sqlite-wal'))).toBe(true);
    await useRealHub(killed, 'sqlite:///jupyterhub.sqlite');
    const again = await open(fileUrl(killed));
    await findBoth(again);
    await again[Symbol.asyncDispose]();
  });

  it('take turns on PostgreSQL', async () => {
    await using postgres: Postgres = await startPostgres();
    const url = await postgres.createDatabase('swap');
    const store = await open(url);
    await furnish(store);
    await store[Symbol.asyncDispose]();
    await useRealHub(dir, url.replace('postgresql:', 'postgresql+psycopg2:'));
    const again = await open(url);
    await findBoth(again);
    await again[Symbol.asyncDispose]();
  });
});
