import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import type { Resource } from '../../core/scopes/index.js';
import {
  asService,
  asUser,
  byCookie,
  byToken,
  holderService,
  holderUser,
  World,
} from '../../test/support/rbac-world.js';
import { ANONYMOUS, type Principal } from '../principal.js';
import type { UserRecord } from '../store/types.js';
import { Access, allServersOf, type Decision, targetOf } from './access.js';
import { demandAdminRule } from './admin-rule.js';
import { Rights } from './rights.js';
import { selfView } from './self-view.js';
import { defaultNote, demandTokenCreation } from './token-request.js';

let world: World;
let ann: UserRecord;
let bob: UserRecord;
let root: UserRecord;

beforeEach(async () => {
  world = await World.open();
  ann = await world.user('ann');
  bob = await world.user('bob');
  root = await world.user('root', true);
  await world.group('class', bob);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** Holds nothing but these scopes. */
async function holding(...scopes: readonly string[]): Promise<Principal> {
  await world.store.roles.stripAll('user', ann.id);
  await world.role('exactly', scopes, holderUser(ann));
  return byCookie(ann);
}

async function decide(
  principal: Principal,
  anyOf: readonly string[],
  target?: Resource,
  list = false,
): Promise<200 | 403 | 404> {
  const decision: Decision = await (await world.access(principal)).decide(anyOf, target, { list });
  return decision.allowed ? 200 : decision.status;
}

const user = (name: string): Resource => ({ kind: 'user', name });
const server = (name: string): Resource => ({ kind: 'server', name });
const group = (name: string): Resource => ({ kind: 'group', name });
const service = (name: string): Resource => ({ kind: 'service', name });

describe('decide', () => {
  it.each([
    // held, required, target, result
    [['read:users'], 'read:users', user('bob'), 200],
    [['read:users!user=bob'], 'read:users', user('bob'), 200],
    [['read:users!user=bob'], 'read:users', user('root'), 404],
    [['read:users!user=bob'], 'read:users', user('ghost'), 404],
    [['read:users!group=class'], 'read:users', user('bob'), 200],
    [['read:users!group=class'], 'read:users', user('root'), 404],
    [['read:users!group=class'], 'read:users', user('ghost'), 404],
    [['tokens'], 'read:users', user('bob'), 403],
    [['servers!server=bob/'], 'start:servers', server('bob/'), 200],
    [['servers!server=bob/'], 'start:servers', server('bob/gpu'), 404],
    [['servers!server=bob/'], 'read:users', user('bob'), 403],
    [['servers!user=bob'], 'delete:servers', server('bob/gpu'), 200],
    [['servers!group=class'], 'read:servers', server('bob/gpu'), 200],
    [['servers!group=class'], 'read:servers', server('root/'), 404],
    [['read:groups!group=class'], 'read:groups', group('class'), 200],
    [['read:groups!group=class'], 'read:groups', group('other'), 404],
    [['read:groups!user=bob'], 'read:groups', group('class'), 404],
    [['read:services!service=svc'], 'read:services', service('svc'), 200],
    [['read:services!service=svc'], 'read:services', service('other'), 404],
    [['admin:users'], 'admin:users', undefined, 200],
  ] as const)('%j, required %s on %j: %s', async (held, required, target, result) => {
    expect(await decide(await holding(...held), [required], target)).toBe(result);
  });

  it('a filtered holding never opens an endpoint that names nothing (GHSA-69wv-m5fw-2fhp)', async () => {
    for (const filter of ['user=ann', 'group=class', 'server=ann/', 'service=svc']) {
      const principal = await holding(`admin:users!${filter}`, `shutdown!${filter}`);
      for (const scope of ['admin:users', 'shutdown']) expect(await decide(principal, [scope])).toBe(403);
      expect(await decide(principal, ['list:users'], undefined, true)).toBe(200);
      expect(await decide(principal, ['list:groups'], undefined, true)).toBe(403);
    }
  });

  it('does not ask the database for a name that it cannot hold', async () => {
    const asked: string[] = [];
    const principal = await holding('read:users!group=class');
    const { users } = world.store;
    const store = {
      ...world.store,
      users: { ...users, byName: (name: string) => users.byName(asked[asked.push(name) - 1] ?? '') },
    };
    const rights = new Rights({ store, registry: world.registry, log: silentLog });
    const access = await Access.of(principal, rights);
    expect((await access.decide(['read:users'], user('bob\u0000'))).allowed).toBe(false);
    expect((await access.decide(['read:users'], user('bob'))).allowed).toBe(true);
    expect(asked).toEqual(['bob']);
  });

  it('any one of several is enough', async () => {
    const principal = await holding('read:users:name!user=bob');
    expect(await decide(principal, ['read:users', 'read:users:name'], user('bob'))).toBe(200);
    expect(await decide(principal, ['read:users', 'read:users:groups'], user('bob'))).toBe(403);
  });

  it('speaks in JupyterHub’s words', async () => {
    const nobody = await world.access(ANONYMOUS);
    expect(await nobody.decide(['read:hub'])).toEqual({
      allowed: false,
      status: 403,
      message: 'Missing or invalid credentials.',
    });
    const access = await world.access(byCookie(ann));
    expect(await access.decide(['admin:users', 'shutdown'])).toEqual({
      allowed: false,
      status: 403,
      message: 'Action is not authorized with current scopes; requires any of [admin:users, shutdown]',
    });
    expect(await access.decide(['read:users'], user('bob'))).toEqual({
      allowed: false,
      status: 404,
      message: 'No access to resources or resources not found',
    });
    await expect(access.demand(['read:users'], user('bob'))).rejects.toMatchObject({ status: 404 });
    await expect(access.demand(['read:users'], user('ann'))).resolves.toBeUndefined();
  });

  it('a list of a user’s shares is open to who holds all servers of the user, not to who holds one', async () => {
    const all = allServersOf('bob');
    for (const held of ['read:shares', 'read:shares!user=bob', 'read:shares!group=class']) {
      expect(await decide(await holding(held), ['read:shares'], all)).toBe(200);
    }
    for (const held of ['read:shares!server=bob/', 'read:shares!server=bob/None']) {
      expect(await decide(await holding(held), ['read:shares'], all)).toBe(404);
    }
  });

  it('holds() answers for one scope, groups included', async () => {
    const access = await world.access(
      await holding('read:users:name!group=class', 'read:groups:name!group=class'),
    );
    expect(await access.holds('read:users:name!user=bob')).toBe(true);
    expect(await access.holds('read:users:name!user=root')).toBe(false);
    expect(await access.holds('read:groups:name!group=class')).toBe(true);
    expect(await access.holds('read:users:name')).toBe(false);
    expect(await access.holds('read:users:name!user')).toBe(false);
  });
});

describe('targetOf', () => {
  it('reads what a path is about', () => {
    expect(targetOf({})).toBeUndefined();
    expect(targetOf({ user_name: 'a' })).toEqual(user('a'));
    expect(targetOf({ user_name: 'a', server_name: '' })).toEqual(server('a/'));
    expect(targetOf({ group_name: 'g' })).toEqual(group('g'));
    expect(targetOf({ service_name: 's' })).toEqual(service('s'));
    expect(() => targetOf({ server_name: 'x' })).toThrow();
    expect(() => targetOf({ user_name: 'a', group_name: 'g' })).toThrow();
  });
});

describe('the admin rule', () => {
  it('admin:users makes no administrator and touches none (CVE-2024-41942)', async () => {
    const helper = await holding('admin:users');
    const denied = expect.objectContaining({ status: 403 });
    expect(() => demandAdminRule(helper, { admin: true })).toThrow(denied);
    expect(() => demandAdminRule(helper, { admin: true }, ann)).toThrow(denied);
    expect(() => demandAdminRule(helper, { admin: false }, root)).toThrow(denied);
    expect(() => demandAdminRule(helper, {}, root)).toThrow(denied);
    expect(() => demandAdminRule(helper, { admin: false }, bob)).not.toThrow();
    expect(() => demandAdminRule(byCookie(root), { admin: true }, bob)).not.toThrow();
    expect(() => demandAdminRule(ANONYMOUS, { admin: true })).toThrow(denied);
  });

  it('a service is an administrator by its own flag', async () => {
    const owner = asService(await world.service('ops', { admin: true }));
    const principal = byToken(owner, await world.token(owner, ['inherit']));
    expect(() => demandAdminRule(principal, { admin: true })).not.toThrow();
  });
});

describe('making tokens for somebody', () => {
  it('needs tokens on that user, and does not tell who exists', async () => {
    const access = await world.access(await holding('tokens!group=class'));
    await expect(demandTokenCreation(access, 'bob', true)).resolves.toBeUndefined();
    const refused = { status: 403, message: 'User root not found or no permissions to generate tokens' };
    await expect(demandTokenCreation(access, 'root', true)).rejects.toMatchObject(refused);
    await expect(demandTokenCreation(access, 'root', false)).rejects.toMatchObject(refused);
  });

  it('a service may with a filtered grant; the refusal names its kind', async () => {
    const svc = await world.service('issuer');
    await world.role('issuing', ['tokens!user=bob'], holderService(svc));
    const owner = asService(svc);
    const access = await world.access(byToken(owner, await world.token(owner, ['inherit'])));
    await expect(demandTokenCreation(access, 'bob', true)).resolves.toBeUndefined();
    await expect(demandTokenCreation(access, 'ann', true)).rejects.toMatchObject({
      message: 'Service ann not found or no permissions to generate tokens',
    });
    expect(defaultNote(access.principal, 'bob')).toBe('Requested via api by service issuer');
    expect(defaultNote(byCookie(bob), 'bob')).toBe('Requested via api');
    expect(defaultNote(byCookie(root), 'bob')).toBe('Requested via api by user root');
  });
});

describe('selfView', () => {
  it('lets every credential read its owner’s name, without showing that as a scope', async () => {
    const svc = asService(await world.service('bare'));
    const scopes = await world.rights.scopesOf(byToken(svc, await world.token(svc, [])));
    const { reading, shown } = selfView(svc, scopes);
    expect(reading.contains('read:services:name', service('bare'))).toBe(true);
    expect(shown).toEqual([]);
    expect(selfView(asUser(ann), scopes).reading.contains('read:users:name', user('ann'))).toBe(true);
  });
});
