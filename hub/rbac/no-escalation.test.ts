import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import { type Membership, ScopeSet } from '../../core/scopes/index.js';
import { asUser, byCookie, byToken, holderGroup, holderUser, World } from '../../test/support/rbac-world.js';
import type { UserRecord } from '../store/types.js';
import { grantShare } from './shares.js';
import { serverTokenScopes, tokenScopes } from './token-scopes.js';

const NAMES = ['ann', 'bob', 'cy'] as const;
const GROUPS = ['g1', 'g2'] as const;
const CLIENTS = ['jupyterhub', 'jupyterhub-user-ann', 'jupyterhub-user-bob'] as const;
const BASES = [
  'servers',
  'tokens',
  'read:users',
  'users',
  'shares',
  'access:servers',
  'admin:servers',
  'groups',
] as const;

const filter = fc.constantFrom(
  '',
  '!user',
  '!server',
  ...NAMES.map((name) => `!user=${name}`),
  ...NAMES.map((name) => `!server=${name}/`),
  ...GROUPS.map((name) => `!group=${name}`),
);
const scope = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...BASES), filter).map(([base, of]) => `${base}${of}`) },
  { weight: 1, arbitrary: fc.constantFrom('self', 'inherit') },
);
const scopes = fc.array(scope, { maxLength: 4 });
const index = fc.nat({ max: 2 });

/** A random hub: who is in which group, which roles there are and who holds them, what is shared with whom. */
const graph = fc.record({
  members: fc.array(fc.record({ user: index, group: fc.nat({ max: 1 }) }), { maxLength: 5 }),
  userRoles: fc.array(fc.record({ user: index, scopes }), { maxLength: 4 }),
  groupRoles: fc.array(fc.record({ group: fc.nat({ max: 1 }), scopes }), { maxLength: 2 }),
  shares: fc.array(
    fc.record({ owner: index, user: index, toGroup: fc.boolean(), base: fc.constantFrom(...BASES) }),
    { maxLength: 3 },
  ),
});
type Graph = typeof graph extends fc.Arbitrary<infer G> ? G : never;

interface Hub {
  readonly world: World;
  readonly users: readonly UserRecord[];
  readonly membership: Membership;
}

async function build(plan: Graph): Promise<Hub> {
  const world = await World.open();
  const users = await Promise.all(NAMES.map((name) => world.user(name)));
  const groups = await Promise.all(GROUPS.map((name) => world.group(name)));
  const at = <T>(list: readonly T[], position: number): T => list[position] as T;
  for (const user of users) {
    await world.store.roles.stripAll('user', user.id);
    await world.server(
      user,
      '',
      CLIENTS.find((client) => client.endsWith(`-${user.name}`)),
    );
  }
  for (const { user, group } of plan.members)
    await world.store.groups.addUsers(at(groups, group).id, [at(users, user).id]);
  for (const [n, role] of plan.userRoles.entries())
    await world.role(`own-${n}`, role.scopes, holderUser(at(users, role.user)));
  for (const [n, role] of plan.groupRoles.entries()) {
    await world.role(`group-${n}`, role.scopes, holderGroup(at(groups, role.group)));
  }
  for (const share of plan.shares) {
    const owner = at(users, share.owner);
    const spawner = await world.server(owner, '');
    const to = share.toGroup
      ? { groupId: at(groups, share.user % 2).id }
      : { userId: at(users, share.user).id };
    if (await world.store.shares.find(spawner.id, to)) continue;
    await world.store.shares.create({
      userId: null,
      groupId: null,
      ...to,
      createdAt: '2026-01-01 00:00:00.000000' as UserRecord['created'] & string,
      expiresAt: null,
      scopes: [`${share.base}!server=${owner.name}/`],
      ownerId: owner.id,
      spawnerId: spawner.id,
    });
  }
  return { world, users, membership: await world.rights.membership(NAMES) };
}

const exceeds = (some: ScopeSet, all: ScopeSet, membership: Membership): readonly string[] =>
  some.toList().filter((text) => !all.containsText(text, membership));

/** Refusals are right answers here; anything else that is thrown is not. */
async function unlessRefused<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof Fault && error.status < 500) return undefined;
    throw error;
  });
}

const RUNS = { numRuns: 25 };

describe('nobody exceeds themselves', () => {
  it('a token never does more than its owner, whatever is stored in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        graph,
        index,
        scopes,
        fc.constantFrom(...CLIENTS),
        async (plan, who, wanted, client) => {
          const { world, users, membership } = await build(plan);
          await using _ = world;
          const owner = asUser(users[who] as UserRecord);
          const token = await world.token(owner, wanted, client);
          // `inherit` gives share scopes as stored; what they imply is the owner's too.
          const all = await world.rights.ofOwner(owner);
          const effective = await world.rights.scopesOf(byToken(owner, token));
          expect(exceeds(effective, all, membership)).toEqual([]);
        },
      ),
      RUNS,
    );
  });

  it('a token that may be made is covered when it is made', async () => {
    await fc.assert(
      fc.asyncProperty(graph, index, scopes, async (plan, who, wanted) => {
        const { world, users, membership } = await build(plan);
        await using _ = world;
        const owner = asUser(users[who] as UserRecord);
        const granted = await unlessRefused(
          tokenScopes(world.store, world.rights, owner, { scopes: wanted }),
        );
        const named = wanted.filter((text) => text !== 'inherit');
        const asked = world.registry.expand(named, {
          owner: { kind: 'user', name: owner.kind === 'user' ? owner.user.name : '' },
        });
        const over = exceeds(asked, await world.rights.ofOwner(owner), membership);
        expect(granted === undefined).toBe(over.length > 0);
      }),
      RUNS,
    );
  });

  it('a server’s token is covered by its user’s roles', async () => {
    await fc.assert(
      fc.asyncProperty(graph, index, scopes, async (plan, who, configured) => {
        const { world, users, membership } = await build(plan);
        await using _ = world;
        const user = users[who] as UserRecord;
        const result = await serverTokenScopes(world.store, world.rights, { user, name: '' }, configured);
        const named = result.scopes.filter((text) => text !== 'inherit');
        const given = world.registry.expand(named, { owner: { kind: 'user', name: user.name } });
        const held = world.registry.expand(await world.rights.roleScopes(asUser(user)), {
          owner: { kind: 'user', name: user.name },
        });
        expect(exceeds(given, held, membership)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a share gives only what the giver holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        graph,
        index,
        index,
        fc.constantFrom(...NAMES),
        fc.constantFrom(...BASES),
        async (plan, giver, taker, owner, base) => {
          const { world, users, membership } = await build(plan);
          await using _ = world;
          const from = users[giver] as UserRecord;
          const to = users[taker] as UserRecord;
          const before = await world.rights.ofOwner(asUser(to));
          const held = await world.rights.ofOwner(asUser(from));
          const request = { grantee: { kind: 'user', name: to.name }, scopes: [base] } as const;
          const access = await world.access(byCookie(from));
          await unlessRefused(grantShare(world.store, access, { owner, server: '' }, request, systemClock));
          const gained = exceeds(await world.rights.ofOwner(asUser(to)), before, membership);
          // What a share implies is implied for the giver as well, but for scopes about users, which no share has.
          expect(exceeds(ScopeSet.parse(gained), held, membership)).toEqual([]);
        },
      ),
      RUNS,
    );
  });
});
