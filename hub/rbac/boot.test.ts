import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import { holderGroup, holderUser, World } from '../../test/support/rbac-world.js';
import type { RoleRecord, UserRecord } from '../store/types.js';
import { type AssignRolesInput, assignRoles } from './assign-roles.js';
import { revokeBlockedUsers } from './blocked-users.js';
import { setAdmin } from './default-roles.js';
import { loadGroups } from './load-groups.js';
import { loadRoles } from './load-roles.js';
import { planRoles, type RoleConfig } from './role-plan.js';
import { syncGroups, syncRoles } from './sync-user.js';

let world: World;

beforeEach(async () => {
  world = await World.empty();
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** What a start does with roles, users and groups being there already. */
async function boot(
  config: Partial<RoleConfig> = {},
  options: Partial<Omit<AssignRolesInput, 'plan' | 'users'>> = {},
): Promise<void> {
  const { plan, faults } = planRoles(
    { loadRoles: [], customScopes: {}, extraUserScopes: [], ...config },
    world.registry,
  );
  expect(faults).toEqual([]);
  const resetManaged = options.resetManaged ?? false;
  const { firstRoles } = await loadRoles(world.store, plan, { resetManaged, log: silentLog });
  const users = world.configUsers;
  const defaults = { adminUsers: [], allowedUsers: [], resetManaged, firstRoles, log: silentLog };
  await assignRoles(world.store, { ...defaults, ...options, plan, users });
}

const roleNamed = (name: string): Promise<RoleRecord | undefined> => world.store.roles.byName(name);
const reload = async (user: UserRecord): Promise<UserRecord | undefined> => world.store.users.byId(user.id);
const holdersOf = async (name: string): Promise<readonly string[]> => {
  const role = await roleNamed(name);
  const names: string[] = [];
  for (const id of await world.store.roles.holders(role?.id ?? 0, 'user')) {
    names.push((await world.store.users.byId(id))?.name ?? '?');
  }
  return names.sort();
};

describe('loadRoles', () => {
  it('makes the default roles, and the same again changes nothing that decides rights', async () => {
    await boot();
    const first = await world.store.roles.all();
    expect(first.map((role) => role.name).sort()).toEqual(['admin', 'server', 'token', 'user']);
    await boot();
    expect(await world.store.roles.all()).toEqual(first);
  });

  it('deletes what is no longer configured, with its members, and resets what was left out', async () => {
    await boot({
      loadRoles: [
        { name: 'old-one', scopes: ['read:hub'], users: ['ann'] },
        { name: 'kept', description: 'x', scopes: ['read:hub'] },
      ],
    });
    expect(await holdersOf('old-one')).toEqual(['ann']);
    await boot({ loadRoles: [{ name: 'kept' }] });
    expect(await roleNamed('old-one')).toBeUndefined();
    expect(await roleNamed('kept')).toMatchObject({ description: null, scopes: [] });
    expect(await world.roleNames((await world.store.users.byName('ann')) as UserRecord)).toEqual(['user']);
  });

  it('keeps the authenticator’s roles unless they are reset, and default roles always', async () => {
    await boot();
    const ann = await world.user('ann');
    await world.store.roles.upsert({ name: 'from-dir', description: null, scopes: [], managedByAuth: true });
    await boot();
    expect(await roleNamed('from-dir')).toBeDefined();
    await boot({ managedRoles: [{ name: 'user', scopes: ['self'] }] }, { resetManaged: true });
    expect(await roleNamed('from-dir')).toBeUndefined();
    expect(await world.roleNames(ann)).toEqual(['user']);
  });

  it('gives everybody of a database without roles the default ones', async () => {
    await world.store.users.createMany(['ann', 'root'] as UserRecord['name'][], false);
    const root = await world.store.users.byName('root');
    await world.store.users.update(root?.id ?? 0, { admin: true });
    await boot();
    expect(await holdersOf('user')).toEqual(['ann', 'root']);
    expect(await holdersOf('admin')).toEqual(['root']);
  });
});

describe('assignRoles', () => {
  it('a listed kind becomes exactly the list; names are normalised, users and groups made', async () => {
    await world.service('svc');
    const spec = {
      name: 'helper',
      scopes: ['read:hub'],
      users: ['Ann', 'bob', 'ann'],
      groups: ['staff'],
      services: ['svc'],
    };
    await boot({ loadRoles: [spec] });
    expect(await holdersOf('helper')).toEqual(['ann', 'bob']);
    expect(await holdersOf('user')).toEqual(['ann', 'bob']);
    expect(await world.store.groups.byName('staff')).toBeDefined();
    await boot({ loadRoles: [{ ...spec, users: ['bob', 'cy'] }] });
    expect(await holdersOf('helper')).toEqual(['bob', 'cy']);
  });

  it('an absent kind is emptied, except users of the role user; roles not mentioned keep theirs', async () => {
    await boot({ loadRoles: [{ name: 'helper', users: ['ann'], groups: ['staff'] }] });
    const root = await world.user('root', true);
    await boot({ loadRoles: [{ name: 'helper' }, { name: 'user', scopes: ['self', 'read:hub'] }] });
    expect(await holdersOf('helper')).toEqual([]);
    const helper = await roleNamed('helper');
    expect(await world.store.roles.holders(helper?.id ?? 0, 'group')).toEqual([]);
    expect(await holdersOf('user')).toEqual(['ann', 'root']);
    expect(await world.roleNames(root)).toEqual(['admin', 'user']);
  });

  it('stops with every unknown service and impossible name, having assigned nothing', async () => {
    await boot();
    const loadRoles = [
      { name: 'helper', users: ['ann', 'bad!'], services: ['ghost', 'phantom'] },
      { name: 'other', users: ['worse!'] },
    ];
    const faults = await boot({ loadRoles }).catch((error: unknown) =>
      error instanceof StartupFault ? error.faults : error,
    );
    expect(faults).toHaveLength(4);
    expect(await holdersOf('helper')).toEqual([]);
  });

  it('a list of administrators is authoritative, with admin_users merged in', async () => {
    await boot();
    const old = await world.user('old', true);
    await boot({ loadRoles: [{ name: 'admin', users: ['new'] }] }, { adminUsers: ['also'] });
    expect(await holdersOf('admin')).toEqual(['also', 'new']);
    expect(await reload(old)).toMatchObject({ admin: false });
    expect((await world.store.users.byName('new'))?.admin).toBe(true);
  });

  it('without a list, the flag gives the role and the role gives the flag', async () => {
    await boot();
    const flagged = await world.user('flagged');
    await world.store.users.update(flagged.id, { admin: true });
    const held = await world.user('held');
    const admin = await roleNamed('admin');
    await world.store.roles.grant(admin?.id ?? 0, 'user', [held.id]);
    const ops = await world.service('ops', { admin: true });
    await boot();
    expect(await holdersOf('admin')).toEqual(['flagged', 'held']);
    expect(await reload(held)).toMatchObject({ admin: true });
    expect((await world.store.roles.of('service', ops.id)).map((role) => role.name)).toEqual(['admin']);
  });

  it('allowed users get the role user', async () => {
    await boot();
    const [ann] = await world.store.users.createMany(['ann'] as UserRecord['name'][], false);
    if (!ann) throw new Error('not made');
    await world.store.roles.stripAll('user', ann.id);
    await boot({}, { allowedUsers: ['ann', 'not-yet-there'] });
    expect(await world.roleNames(ann)).toEqual(['user']);
  });

  it('reset takes back what the authenticator no longer says', async () => {
    const managed = (users?: string[]): Partial<RoleConfig> => ({
      managedRoles: [{ name: 'from-dir', scopes: ['read:hub'], ...(users ? { users } : {}) }],
    });
    await boot(managed(['ann', 'bob']));
    const role = await roleNamed('from-dir');
    expect(role?.managedByAuth).toBe(true);
    expect(await world.store.roles.managedHolders(role?.id ?? 0, 'user')).toHaveLength(2);
    await boot(managed(), { resetManaged: true });
    expect(await holdersOf('from-dir')).toEqual(['ann', 'bob']);
    await boot(managed(['bob']), { resetManaged: true });
    expect(await holdersOf('from-dir')).toEqual(['bob']);
    await boot({ managedRoles: [] }, { resetManaged: true });
    expect(await roleNamed('from-dir')).toBeUndefined();
  });
});

describe('groups', () => {
  const load = (config: JsonObject, manageGroups = false): Promise<void> =>
    loadGroups(world.store, config, { users: world.configUsers, manageGroups, log: silentLog });

  beforeEach(() => boot());

  it('load_groups adds and never removes; properties are replaced when given', async () => {
    await load({ staff: { users: ['Ann'], properties: { a: 1 } }, old: ['bob'] });
    await load({ staff: { users: ['cy'] } });
    const staff = await world.store.groups.byName('staff');
    expect([...(await world.store.groups.members(staff?.id ?? 0))].sort()).toEqual(['ann', 'cy']);
    expect(staff?.properties).toEqual({ a: 1 });
    await load({ staff: { properties: { b: 2 } } });
    expect((await world.store.groups.byName('staff'))?.properties).toEqual({ b: 2 });
  });

  it('names everything that is wrong, and makes no group then', async () => {
    const error = await load({
      good: ['ann'],
      bad: 'x',
      worse: { users: [1] },
      props: { properties: [] },
      '': {},
      names: ['no!'],
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartupFault);
    expect((error as StartupFault).faults).toHaveLength(5);
    expect(await world.store.groups.byName('good')).toBeUndefined();
    await expect(load({ good: ['ann'] }, true)).rejects.toBeInstanceOf(StartupFault);
    await expect(load({}, true)).resolves.toBeUndefined();
  });

  it('a sign-in sets exactly the groups it names', async () => {
    const ann = await world.user('ann');
    await world.group('old', ann);
    await syncGroups(world.store, ann, ['new', 'new', 'newer'], silentLog);
    expect((await world.store.groups.byUser(ann.id)).map((group) => group.name).sort()).toEqual([
      'new',
      'newer',
    ]);
    expect(await world.store.groups.byName('old')).toBeDefined();
    const epoch = world.store.rightsEpoch();
    await syncGroups(world.store, ann, ['newer', 'new'], silentLog);
    expect(world.store.rightsEpoch()).toBe(epoch);
  });
});

describe('roles from a sign-in', () => {
  const sync = (
    user: UserRecord,
    roles: readonly unknown[],
    configRoles: readonly string[] = [],
  ): Promise<void> =>
    syncRoles(world.store, user, roles, {
      registry: world.registry,
      configRoles: new Set(configRoles),
      log: silentLog,
    });

  beforeEach(() => boot());

  it('gives exactly those and takes every other, default ones included', async () => {
    const ann = await world.user('ann');
    await sync(ann, [{ name: 'teacher', description: 'teaches', scopes: ['list:users'] }]);
    expect(await world.roleNames(ann)).toEqual(['teacher']);
    expect(await roleNamed('teacher')).toMatchObject({ managedByAuth: true, scopes: ['list:users'] });
    await sync(ann, [{ name: 'teacher' }, { name: 'user' }]);
    expect(await roleNamed('teacher')).toMatchObject({ description: 'teaches', scopes: ['list:users'] });
    expect(await world.roleNames(ann)).toEqual(['teacher', 'user']);
  });

  it('deletes a role of the authenticator that nobody holds any more, not one of the configuration', async () => {
    const ann = await world.user('ann');
    await sync(ann, [{ name: 'teacher' }, { name: 'keeper' }, { name: 'shared' }]);
    await world.role('shared', ['read:hub'], holderUser(await world.user('bob')));
    await sync(ann, [], ['keeper']);
    expect(await roleNamed('teacher')).toBeUndefined();
    expect(await roleNamed('keeper')).toBeDefined();
    expect(await roleNamed('shared')).toBeDefined();
    expect(await roleNamed('user')).toBeDefined();
  });

  it('replaces listed members and skips who does not exist', async () => {
    const ann = await world.user('ann');
    const group = await world.group('g');
    await sync(ann, [{ name: 'teacher', groups: ['g', 'ghost'] }]);
    const role = await roleNamed('teacher');
    expect(await world.store.roles.holders(role?.id ?? 0, 'group')).toEqual([group.id]);
  });

  it.each([
    [[{ name: 'Bad' }]],
    [[{ name: 'fine-role', scopes: ['nope'] }]],
    [[{ name: 'admin', scopes: ['self'] }]],
    [['text']],
  ])('a bad role is 409 and changes nothing: %j', async (roles) => {
    const ann = await world.user('ann');
    await expect(sync(ann, [{ name: 'first-role' }, ...roles])).rejects.toMatchObject({ status: 409 });
    expect(await world.roleNames(ann)).toEqual(['user']);
    expect(await roleNamed('first-role')).toBeUndefined();
  });
});

describe('people', () => {
  beforeEach(() => boot());

  it('flag and role of an administrator come and go together', async () => {
    const ann = await world.user('ann');
    await setAdmin(world.store, ann, true);
    expect(await world.roleNames(ann)).toEqual(['admin', 'user']);
    await setAdmin(world.store, { ...ann, admin: true }, false);
    expect(await world.roleNames(ann)).toEqual(['user']);
    expect(await reload(ann)).toMatchObject({ admin: false });
  });

  it('who is blocked keeps an account that may do nothing', async () => {
    const ann = await world.user('ann', true);
    const staff = await world.group('staff', ann);
    await world.role('staffers', ['read:hub'], holderGroup(staff));
    const before = await world.rights.ofOwner({ kind: 'user', user: ann });
    expect(before.size).toBeGreaterThan(0);
    await revokeBlockedUsers(world.store, ['ann', 'nobody'], silentLog);
    expect((await world.rights.ofOwner({ kind: 'user', user: ann })).toList()).toEqual([]);
    expect(await reload(ann)).toMatchObject({ admin: false });
    expect(await world.store.groups.byUser(ann.id)).toEqual([]);
  });
});
