/**
 * Rights and names are remembered between requests: whatever is taken away is gone at the very next one. The parts of the
 * hub that a request meets, on a real store.
 */
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestHub } from '../../../test/support/hub.js';
import { installGate } from '../../http/authorize.js';
import { installErrorHandling } from '../../http/errors.js';
import { requireDeclaredAccess } from '../../http/route-config.js';
import { createUser } from '../../rbac/index.js';
import { registerSession } from '../../session/index.js';
import type { RoleRecord, UserRecord } from '../../store/index.js';
import type { ApiContext } from '../context.js';
import { registerUserReads } from './read.js';
import { registerSelf } from './self.js';
import { UserModels } from './user-models.js';

const PREFIX = '/hub/api/';

let hub: TestHub;
let app: FastifyInstance;
let alice: UserRecord;
let bob: UserRecord;
let reader: RoleRecord;
let token: string;

beforeEach(async () => {
  hub = await TestHub.make();
  app = makeApp(hub);
  await app.ready();
  [alice, bob] = [await newUser('alice'), await newUser('bob')];
  reader = await hub.store.roles.upsert({ name: 'reader', description: null, scopes: ['read:users'] });
  await hub.store.roles.grant(reader.id, 'user', [alice.id]);
  token = await hub.token(alice);
});

afterEach(async () => {
  await app.close();
  await hub[Symbol.asyncDispose]();
});

async function newUser(name: string): Promise<UserRecord> {
  await hub.store.transaction((repositories) =>
    createUser(repositories, { name: name as UserRecord['name'] }),
  );
  return hub.user(name);
}

async function ask(
  path: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const answer = await app.inject({ url: `${PREFIX}${path}`, headers: { authorization: `token ${token}` } });
  return { status: answer.statusCode, body: answer.json() };
}

/** Twice, so that whatever is remembered is in use. */
async function allowed(path = 'users/bob'): Promise<Record<string, unknown>> {
  await ask(path);
  const { status, body } = await ask(path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function refused(path = 'users/bob'): Promise<void> {
  expect([403, 404]).toContain((await ask(path)).status);
}

describe('at the very next request', () => {
  it('a deleted token is refused', async () => {
    await allowed();
    const rows = await hub.store.tokens.byOwner({ userId: alice.id });
    await hub.store.tokens.delete(rows.map((row) => row.id));
    expect(await ask('users/bob')).toMatchObject({ status: 403 });
    expect(await ask('user')).toMatchObject({ status: 403 });
  });

  it('an expired token is refused', async () => {
    await allowed('user');
    const [row] = await hub.store.tokens.byOwner({ userId: alice.id });
    if (!row) throw new Error('alice has no token');
    await hub.store.tokens.delete([row.id]);
    await hub.store.tokens.create({ ...row, expiresAt: row.created });
    hub.clock.advance(1000);
    expect(await ask('user')).toMatchObject({ status: 403 });
  });

  it('a stripped role, its lost scopes and its deletion count', async () => {
    await allowed();
    await hub.store.roles.strip(reader.id, 'user', [alice.id]);
    await refused();
    await hub.store.roles.grant(reader.id, 'user', [alice.id]);
    await allowed();
    await hub.store.roles.upsert({ name: 'reader', description: null, scopes: ['read:hub'] });
    await refused();
    await hub.store.roles.upsert({ name: 'reader', description: null, scopes: ['read:users'] });
    await allowed();
    await hub.store.roles.delete('reader');
    await refused();
  });

  it('who left a group has lost its roles', async () => {
    await hub.store.roles.strip(reader.id, 'user', [alice.id]);
    const staff = await hub.store.groups.create('staff');
    await hub.store.roles.grant(reader.id, 'group', [staff.id]);
    await hub.store.groups.addUsers(staff.id, [alice.id]);
    await allowed();
    await hub.store.groups.removeUsers(staff.id, [alice.id]);
    await refused();
  });

  it('who left a group is out of reach of those who may see the group', async () => {
    await hub.store.roles.upsert({ name: 'reader', description: null, scopes: ['read:users!group=class'] });
    const group = await hub.store.groups.create('class');
    await refused();
    await hub.store.groups.addUsers(group.id, [bob.id]);
    await allowed();
    await hub.store.groups.removeUsers(group.id, [bob.id]);
    await refused();
  });

  it('a deleted user is nobody, and nobody inherits from them', async () => {
    await allowed();
    await hub.store.users.delete(alice.id);
    expect(await ask('user')).toMatchObject({ status: 403 });
    const carol = await newUser('carol');
    token = await hub.token(carol);
    await refused();
  });

  it('models tell roles and groups as they are now', async () => {
    expect(await allowed()).toMatchObject({ roles: ['user'], groups: [] });
    const group = await hub.store.groups.create('class');
    await hub.store.groups.addUsers(group.id, [bob.id]);
    await hub.store.roles.grant(reader.id, 'user', [bob.id]);
    expect(await allowed()).toMatchObject({ roles: ['user', 'reader'], groups: ['class'] });
    await hub.store.groups.delete(group.id);
    await hub.store.roles.delete('reader');
    await hub.store.roles.upsert({ name: 'other', description: null, scopes: ['read:users'] });
    await hub.store.roles.grant((await hub.store.roles.byName('other'))?.id ?? 0, 'user', [alice.id]);
    expect(await allowed()).toMatchObject({ roles: ['user'], groups: [] });
  });
});

function makeApp(parts: TestHub): FastifyInstance {
  const { store, rights, sessions, log, clock } = parts;
  const urls = { baseUrl: '/', publicOrigin: undefined };
  const models = new UserModels({
    store,
    urls,
    serverView: (_user, spawner) => ({
      spawner,
      pending: null,
      ready: spawner.server !== null,
      url: '/',
    }),
    waiting: () => new Set(),
    lastActivity: (user) => user.lastActivity,
  });
  const context: ApiContext = {
    store,
    rights,
    models,
    limits: { byDefault: 50, max: 200 },
    log,
    clock,
    authState: async () => null,
    activity: {
      user: async () => undefined,
      server: async () => undefined,
      flush: async () => undefined,
      ofToken: (given) => given.lastActivity,
    },
    prefix: PREFIX,
  };
  const made = fastify({ exposeHeadRoutes: false });
  installErrorHandling(made, { log, apiPrefix: PREFIX, renderErrorPage: async () => '' });
  requireDeclaredAccess(made);
  registerSession(made, { sessions, apiPrefix: PREFIX });
  installGate(made, { rights, loginUrl: () => '/hub/login' });
  registerSelf(made, context);
  registerUserReads(made, context);
  return made;
}
