/**
 * Rows of every kind that JupyterHub reads, written through our store. Owns what the exchange tests put in; what they
 * find again stands in `database.test.ts`.
 */
import { parseServerName, parseUserName, type ServerName, type UserName } from '../../../core/model/names.js';
import { timestamp } from '../../../core/model/time.js';
import { DEFAULT_ROLES } from '../../../core/scopes/index.js';
import { GENERATED_ROUNDS, hashToken, SUPPLIED_ROUNDS, tokenPrefix } from '../../../core/wire/tokens.js';
import type { Repositories, Store, TokenRecord, UserRecord } from '../../../hub/store/index.js';

/** Tokens by owner: root's reads everything, alice's is limited, bob's has expired. */
export const TOKENS = {
  root: 'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0',
  alice: 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1',
  bob: 'c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2',
} as const;

export const COOKIE_SECRET = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
export const ALICE_COOKIE_ID = '3858f62230ac3c915f300c664312c63f';
const HOUR_MS = 3_600_000;

export async function seed(store: Store): Promise<void> {
  // Hashing is slow on purpose and has no place inside a transaction.
  const hashes = {
    root: hashToken(TOKENS.root, GENERATED_ROUNDS),
    alice: hashToken(TOKENS.alice, SUPPLIED_ROUNDS),
    bob: hashToken(TOKENS.bob, GENERATED_ROUNDS),
  };
  await store.transaction(async (rows) => {
    for (const role of DEFAULT_ROLES) await rows.roles.upsert(role);
    const users = await makeUsers(rows);
    await makeGroups(rows, users);
    await makeTokens(rows, users, hashes);
    await makeServers(rows, users);
  });
}

type Users = Readonly<Record<'alice' | 'bob' | 'root', UserRecord>>;

async function makeUsers(rows: Repositories): Promise<Users> {
  const alice = await rows.users.create({ name: user('alice'), created: at(-48) });
  const bob = await rows.users.create({ name: user('bob') });
  const root = await rows.users.create({ name: user('root'), admin: true });
  await rows.users.update(alice.id, {
    userInfo: { email: 'älice@example.org' },
    lastActivity: at(-1),
    cookieId: ALICE_COOKIE_ID,
  });
  await grant(rows, 'user', [alice, bob, root]);
  await grant(rows, 'admin', [root]);
  return { alice, bob, root };
}

async function makeGroups(rows: Repositories, { alice, bob }: Users): Promise<void> {
  const group = await rows.groups.create('class-1', { room: 7, naïve: '☃' });
  await rows.groups.addUsers(group.id, [alice.id, bob.id]);
}

async function makeTokens(
  rows: Repositories,
  { alice, bob, root }: Users,
  hashes: Readonly<Record<'alice' | 'bob' | 'root', string>>,
): Promise<void> {
  const token = (owner: UserRecord, name: keyof typeof TOKENS, change: Partial<TokenRecord> = {}) =>
    rows.tokens.create({
      userId: owner.id,
      serviceId: null,
      hashed: hashes[name],
      prefix: tokenPrefix(TOKENS[name]),
      clientId: 'jupyterhub',
      sessionId: null,
      created: at(-3),
      expiresAt: null,
      note: `made by the other hub for ${owner.name}`,
      scopes: ['inherit'],
      ...change,
    });
  await token(root, 'root');
  await token(alice, 'alice', { expiresAt: at(5), scopes: ['read:users:name!user', 'list:users'] });
  await token(bob, 'bob', { expiresAt: at(-2) });
}

/** A named server that never ran, and bob's server whose process is long gone. */
async function makeServers(rows: Repositories, { alice, bob }: Users): Promise<void> {
  const gpu = await rows.spawners.create({
    userId: alice.id,
    name: server('gpu'),
    displayName: 'Für Großes',
  });
  await rows.spawners.update(gpu.id, { userOptions: { profile: 'gpu', nodes: [1, 2.5, null, true] } });
  const gone = await rows.spawners.find(bob.id, '');
  if (gone === undefined) throw new Error('a user without a default server');
  await rows.oauth.upsertClient({
    identifier: 'jupyterhub-user-bob',
    description: 'Server at /user/bob/',
    secret: hashToken('unknown', SUPPLIED_ROUNDS),
    redirectUri: '/user/bob/oauth_callback',
    allowedScopes: ['access:servers!server=bob/'],
  });
  await rows.spawners.setServer(gone.id, { proto: 'http', ip: '127.0.0.1', port: 9, baseUrl: '/user/bob/' });
  await rows.spawners.update(gone.id, {
    started: at(-1),
    lastActivity: at(-1),
    state: { pid: 4_194_300 },
    oauthClientId: 'jupyterhub-user-bob',
  });
  await rows.shares.create({
    createdAt: at(-1),
    expiresAt: null,
    scopes: ['access:servers!server=alice/gpu'],
    userId: bob.id,
    groupId: null,
    ownerId: alice.id,
    spawnerId: gpu.id,
  });
}

async function grant(rows: Repositories, role: string, users: readonly UserRecord[]): Promise<void> {
  const found = await rows.roles.byName(role);
  if (found === undefined) throw new Error(`no role ${role}`);
  const ids = users.map(({ id }) => id);
  await rows.roles.grant(found.id, 'user', ids);
}

function at(hours: number) {
  return timestamp(Date.now() + hours * HOUR_MS + 0.25);
}

function user(name: string): UserName {
  const parsed = parseUserName(name);
  if (parsed === undefined) throw new Error(`${name} is no user name`);
  return parsed;
}

function server(name: string): ServerName {
  const parsed = parseServerName(name);
  if (parsed === undefined) throw new Error(`${name} is no server name`);
  return parsed;
}
