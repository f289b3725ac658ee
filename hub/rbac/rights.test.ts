import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timestamp } from '../../core/model/time.js';
import {
  asService,
  asUser,
  byCookie,
  byToken,
  holderGroup,
  holderService,
  holderUser,
  World,
} from '../../test/support/rbac-world.js';
import { ANONYMOUS } from '../principal.js';
import type { ServiceRecord, ShareRecord, UserRecord } from '../store/types.js';
import type { Owner } from './owner.js';
import { tokenScopes } from './token-scopes.js';

interface Vectors {
  readonly scopes_for: Readonly<Record<string, readonly string[]>>;
  readonly token_scopes: readonly {
    readonly owner: string;
    readonly scopes: readonly string[];
    readonly client: string;
    readonly effective: readonly string[];
  }[];
  readonly shares: {
    readonly bob_direct: readonly string[];
    readonly bob_inherit_token: readonly string[];
    readonly bob_named_scope_token: readonly string[];
    readonly bob_named_scope_token_scopes: readonly string[];
    readonly bob_direct_scope_token: readonly string[];
    readonly bob_direct_scope_token_scopes: readonly string[];
  };
  readonly resolve_requested: readonly {
    readonly requested: readonly string[];
    readonly have: readonly string[];
    readonly user: string;
    readonly client: string;
    readonly allowed: readonly string[];
    readonly disallowed: readonly string[];
  }[];
  readonly check_token_scopes: readonly {
    readonly scopes: readonly string[];
    readonly owner: string;
    readonly result: 'ok' | 'ValueError';
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../test/fixtures/scope-vectors.json', import.meta.url), 'utf8'),
);

let world: World;
let alice: UserRecord;
let bob: UserRecord;
let root: UserRecord;
let svc: ServiceRecord;

beforeEach(async () => {
  world = await World.open();
  alice = await world.user('alice');
  bob = await world.user('bob');
  root = await world.user('root', true);
  svc = await world.service('svc');
  await world.group('g1', bob);
  await world.server(alice, '', 'jupyterhub-user-alice');
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const owner = (name: string): Owner => {
  if (name === 'svc') return asService(svc);
  return asUser(name === 'alice' ? alice : name === 'root' ? root : bob);
};

async function share(
  on: string,
  to: { userId: number } | { groupId: number },
  ...scopes: string[]
): Promise<ShareRecord> {
  const spawner = await world.server(alice, on);
  return world.store.shares.create({
    userId: null,
    groupId: null,
    ...to,
    createdAt: timestamp(Date.now()),
    expiresAt: null,
    scopes,
    ownerId: alice.id,
    spawnerId: spawner.id,
  });
}

describe('recorded rights, on the real store', () => {
  it.each(Object.entries(vectors.scopes_for))('roles give %s their scopes', async (name, scopes) => {
    expect((await world.rights.ofOwner(owner(name))).toList()).toEqual(scopes);
  });

  it.each(vectors.token_scopes)('token of $owner with $scopes from $client', async (vector) => {
    const token = await world.token(owner(vector.owner), vector.scopes, vector.client);
    expect(await world.scopes(byToken(owner(vector.owner), token))).toEqual(vector.effective);
  });

  it('shares: a browser has those of groups too, a token only direct ones', async () => {
    await world.server(alice, 'gpu');
    const g1 = await world.store.groups.byName('g1');
    await share('', { userId: bob.id }, 'access:servers!server=alice/');
    await share('gpu', { groupId: g1?.id ?? 0 }, 'access:servers!server=alice/gpu');
    const ofAlice = (scopes: readonly string[]): readonly string[] =>
      scopes.filter((scope) => scope.includes('alice'));
    expect(ofAlice(await world.scopes(byCookie(bob)))).toEqual(vectors.shares.bob_direct);
    const cases = [
      [['inherit'], vectors.shares.bob_inherit_token],
      [vectors.shares.bob_named_scope_token_scopes, vectors.shares.bob_named_scope_token],
      [vectors.shares.bob_direct_scope_token_scopes, vectors.shares.bob_direct_scope_token],
    ] as const;
    for (const [scopes, effective] of cases) {
      const token = await world.token(asUser(bob), scopes);
      expect(ofAlice(await world.scopes(byToken(asUser(bob), token)))).toEqual(effective);
    }
  });

  it.each(vectors.resolve_requested)('$requested of $have by $client', async (vector) => {
    // The user holds exactly these: the roles of a new user make way for one.
    const user = await world.user('alice2');
    await world.store.roles.stripAll('user', user.id);
    const renamed = (text: string): string => text.replace(/alice(?=\/|$)/, 'alice2');
    await world.role('exactly', vector.have.map(renamed), holderUser(user));
    const client =
      vector.client === 'jupyterhub' ? undefined : ({ kind: 'server', user: 'alice2', server: '' } as const);
    const resolved = await world.rights.resolveRequested(user, vector.requested.map(renamed), { client });
    expect(resolved).toEqual({
      allowed: vector.allowed.map(renamed).sort(),
      disallowed: vector.disallowed.map(renamed).sort(),
    });
  });

  it.each(vectors.check_token_scopes)('making a token of $owner with $scopes: $result', async (vector) => {
    const made = tokenScopes(world.store, world.rights, owner(vector.owner), { scopes: vector.scopes });
    if (vector.result === 'ok') expect(await made).toEqual(vector.scopes);
    else await expect(made).rejects.toMatchObject({ status: 400 });
  });
});

describe('rights follow the rows', () => {
  it('nobody has none', async () => {
    expect(await world.scopes(ANONYMOUS)).toEqual([]);
  });

  it('a role lost is lost at once, in the browser and in living tokens', async () => {
    const role = await world.role('lister', ['list:users'], holderUser(bob));
    const token = await world.token(asUser(bob), ['list:users']);
    const principals = [byCookie(bob), byToken(asUser(bob), token)];
    for (const principal of principals) expect(await world.scopes(principal)).toContain('list:users');
    await world.store.roles.strip(role.id, 'user', [bob.id]);
    for (const principal of principals) expect(await world.scopes(principal)).not.toContain('list:users');
  });

  it('a role’s scopes, a group’s role and a membership count at once', async () => {
    const g1 = await world.store.groups.byName('g1');
    await world.role('hub-reader', ['read:hub'], holderGroup(g1 ?? { id: 0, name: '', properties: {} }));
    expect(await world.scopes(byCookie(bob))).toContain('read:hub');
    expect(await world.scopes(byCookie(alice))).not.toContain('read:hub');
    await world.store.groups.setUserGroups(alice.id, ['g1']);
    expect(await world.scopes(byCookie(alice))).toContain('read:hub');
    await world.role('hub-reader', ['shutdown']);
    expect(await world.scopes(byCookie(alice))).toContain('shutdown');
    expect(await world.scopes(byCookie(alice))).not.toContain('read:hub');
  });

  it('a share follows its server’s name and ends with it', async () => {
    const spawner = await world.server(alice, 'gpu');
    await share('gpu', { userId: bob.id }, 'access:servers!server=alice/gpu');
    await world.store.spawners.update(spawner.id, { name: 'tpu' as typeof spawner.name });
    expect(await world.scopes(byCookie(bob))).toContain('access:servers!server=alice/tpu');
    expect(await world.scopes(byCookie(bob))).not.toContain('access:servers!server=alice/gpu');
    await world.store.spawners.delete(spawner.id);
    expect((await world.scopes(byCookie(bob))).filter((scope) => scope.includes('alice/'))).toEqual([]);
  });

  it('work in between does not see rights from before a change', async () => {
    const before = world.scopes(byCookie(bob));
    const role = await world.role('lister', ['list:users'], holderUser(bob));
    await before;
    expect(await world.scopes(byCookie(bob))).toContain('list:users');
    await world.store.roles.delete(role.name);
    expect(await world.scopes(byCookie(bob))).not.toContain('list:users');
  });
});

describe('tokens', () => {
  it('inherit makes all other scopes of the token superfluous', async () => {
    const token = await world.token(asUser(bob), ['inherit', 'admin:users']);
    expect(await world.scopes(byToken(asUser(bob), token))).toEqual(
      vectors.scopes_for['alice']?.map((s) => s.replace('alice', 'bob')),
    );
  });

  it('!service in a token of a service’s client is that service, and opens it only if the owner may', async () => {
    await world.client('service-svc');
    await world.service('svc', { oauthClientId: 'service-svc' });
    const token = await world.token(asUser(bob), ['access:services!service'], 'service-svc');
    const principal = byToken(asUser(bob), token);
    expect(await world.scopes(principal)).not.toContain('access:services!service=svc');
    await world.role('visitor', ['access:services'], holderUser(bob));
    expect(await world.scopes(principal)).toContain('access:services!service=svc');
  });

  it('a token of a client that belongs to nothing still tells who its owner is', async () => {
    await world.client('orphan');
    const token = await world.token(asUser(bob), ['access:servers!server'], 'orphan');
    expect(await world.scopes(byToken(asUser(bob), token))).toEqual([
      'read:users:groups!user=bob',
      'read:users:name!user=bob',
    ]);
  });

  it('a group filter of the owner covers what the token names by user or server', async () => {
    await world.role('tutor', ['servers!group=g1'], holderUser(alice));
    const token = await world.token(asUser(alice), [
      'servers!user=bob',
      'servers!user=root',
      'start:servers!server=bob/x',
    ]);
    const scopes = await world.scopes(byToken(asUser(alice), token));
    expect(scopes).toContain('servers!user=bob');
    expect(scopes).toContain('start:servers!server=bob/x');
    expect(scopes.filter((scope) => scope.includes('root'))).toEqual([]);
  });

  it('a service’s roles are its own; self and !user mean nothing to it', async () => {
    await world.role('worker', ['self', 'read:users!user', 'list:users'], holderService(svc));
    const token = await world.token(asService(svc), ['inherit']);
    expect(await world.scopes(byToken(asService(svc), token))).toEqual(['list:users', 'read:users:name']);
  });

  it('default to the scopes of the role token; roles become scopes at once; both together are refused', async () => {
    const make = (asked: { scopes?: string[]; roles?: string[] }): Promise<readonly string[]> =>
      tokenScopes(world.store, world.rights, asUser(bob), asked);
    expect(await make({})).toEqual(['inherit']);
    await world.role('token', ['read:users!user']);
    expect(await make({})).toEqual(['read:users!user']);
    expect(await make({ roles: ['user', 'server'] })).toEqual([
      'self',
      'users:activity!user',
      'access:servers!server',
    ]);
    expect(await make({ scopes: [] })).toEqual([]);
    await expect(make({ scopes: [], roles: [] })).rejects.toMatchObject({ status: 400 });
    await expect(make({ roles: ['ghost'] })).rejects.toMatchObject({
      status: 400,
      message: 'No such role: ghost',
    });
    await expect(make({ roles: ['admin'] })).rejects.toMatchObject({ status: 400 });
    await expect(make({ scopes: ['nope'] })).rejects.toMatchObject({ status: 400 });
  });

  it.each(['read:users!user=', 'access:servers!server=', 'self!user=', 'inherit!user='])(
    'cannot have %s, whose filter names nobody',
    async (scope) => {
      const asked = { scopes: ['read:users:name!user', scope] };
      await expect(tokenScopes(world.store, world.rights, asUser(bob), asked)).rejects.toMatchObject({
        status: 400,
        message: `Empty string is not a valid filter: ${scope}`,
      });
    },
  );

  it('does not gain a share’s scope that means nothing for a server', async () => {
    await share('', { userId: bob.id }, 'read:users!server=alice/', 'servers!server=alice/');
    const token = await world.token(asUser(bob), ['inherit']);
    const ofAlice = (await world.scopes(byToken(asUser(bob), token))).filter((scope) =>
      scope.includes('alice'),
    );
    expect(ofAlice).toEqual(['servers!server=alice/']);
  });

  it('may name what was shared with the owner, through groups too', async () => {
    const g1 = await world.store.groups.byName('g1');
    await share('', { groupId: g1?.id ?? 0 }, 'access:servers!server=alice/');
    const scopes = ['access:servers!server=alice/'];
    expect(await tokenScopes(world.store, world.rights, asUser(bob), { scopes })).toEqual(scopes);
    await expect(
      tokenScopes(world.store, world.rights, asUser(root), { scopes: ['nope'] }),
    ).rejects.toThrow();
  });
});
