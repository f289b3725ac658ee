import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { defaultRoleNamed, type ScopeRegistry } from '../../core/scopes/index.js';
import type { Repositories, Store, UserRecord } from '../store/types.js';
import { setHolders } from './assign-roles.js';
import { existingRole } from './default-roles.js';
import { MEMBER_KINDS, type MemberKind, type RoleSpec, readRoleSpec } from './role-spec.js';

/** A sign-in with `manage_groups`: exactly these groups; missing ones are made, none is ever deleted. */
export async function syncGroups(
  store: Store,
  user: UserRecord,
  names: readonly string[],
  log: Log,
): Promise<void> {
  const wanted = [...new Set(names)];
  const before = (await store.groups.byUser(user.id)).map((group) => group.name);
  const added = wanted.filter((name) => !before.includes(name));
  const removed = before.filter((name) => !wanted.includes(name));
  if (added.length + removed.length === 0) return;
  log.info('groups of a user changed', { user: user.name, added, removed });
  await store.transaction((repositories) => repositories.groups.setUserGroups(user.id, wanted));
}

/**
 * A sign-in with `manage_roles`: the user gets exactly these roles and loses every other direct one, `user` and `admin`
 * included. Roles are made or changed as described; a key left out keeps what is there.
 * (JupyterHub 6.1.1 `User.sync_roles`)
 * @param configRoles names of load_roles and load_managed_roles, which are never deleted
 * @throws Fault 409 when a role is not well-formed; nothing has changed then
 */
export async function syncRoles(
  store: Store,
  user: UserRecord,
  roles: readonly unknown[],
  options: { readonly registry: ScopeRegistry; readonly configRoles: ReadonlySet<string>; readonly log: Log },
): Promise<void> {
  const specs = readAll(roles, options.registry);
  await store.transaction(async (repositories) => {
    const before = await repositories.roles.of('user', user.id);
    for (const spec of specs) {
      await createOrChange(repositories, spec);
      await replaceMembers(repositories, spec, options.log);
    }
    const wanted = new Set(specs.map((spec) => spec.name));
    const held = new Set(before.map((role) => role.name));
    for (const name of wanted) {
      if (held.has(name)) continue;
      await repositories.roles.grant((await existingRole(repositories, name)).id, 'user', [user.id], true);
    }
    const stripped = before.filter((role) => !wanted.has(role.name));
    for (const role of stripped) await repositories.roles.strip(role.id, 'user', [user.id]);
    for (const role of stripped) {
      const kept = !role.managedByAuth || options.configRoles.has(role.name) || defaultRoleNamed(role.name);
      if (!kept && (await isOrphan(repositories, role.id))) await repositories.roles.delete(role.name);
    }
    if (stripped.length > 0 || [...wanted].some((name) => !held.has(name))) {
      options.log.info('roles of a user changed', { user: user.name, roles: [...wanted] });
    }
  });
}

function readAll(roles: readonly unknown[], registry: ScopeRegistry): readonly RoleSpec[] {
  const read = roles.map((role, index) => readRoleSpec(role, `roles[${index}]`, true, registry));
  const faults = read.flatMap(({ faults }) => faults);
  const specs = read.flatMap(({ spec }) => (spec ? [spec] : []));
  const own = defaultRoleNamed('admin');
  for (const { name, scopes, description } of specs) {
    if (name !== 'admin') continue;
    if (scopes && JSON.stringify(scopes) !== JSON.stringify(own?.scopes))
      faults.push('role "admin" cannot be changed');
    else if (description !== undefined && description !== own?.description)
      faults.push('role "admin" cannot be changed');
  }
  if (faults.length > 0) throw new Fault('ROLE_INVALID', faults.join('; '), { status: 409 });
  // The last of several with one name wins, as in a dictionary.
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

async function createOrChange({ roles }: Repositories, spec: RoleSpec): Promise<void> {
  const old = await roles.byName(spec.name);
  // An empty value counts as left out: it does not take away what a role has.
  const description = spec.description ?? old?.description ?? null;
  const scopes = spec.scopes?.length ? spec.scopes : (old?.scopes ?? []);
  const same = old?.description === description && JSON.stringify(old.scopes) === JSON.stringify(scopes);
  if (!same) await roles.upsert({ name: spec.name, description, scopes, managedByAuth: true });
}

async function replaceMembers(repositories: Repositories, spec: RoleSpec, log: Log): Promise<void> {
  const role = await existingRole(repositories, spec.name);
  for (const kind of MEMBER_KINDS) {
    const names = spec[kind];
    if (!names) continue;
    const ids: number[] = [];
    for (const name of new Set(names)) {
      const found = await find(repositories, kind, name);
      if (found) ids.push(found.id);
      else log.warn('a role names somebody who does not exist', { role: spec.name, kind, name });
    }
    await setHolders(repositories, role.id, kind, ids, false);
  }
}

function find(
  repositories: Repositories,
  kind: MemberKind,
  name: string,
): Promise<{ readonly id: number } | undefined> {
  return repositories[kind].byName(name);
}

async function isOrphan({ roles }: Repositories, roleId: number): Promise<boolean> {
  for (const kind of ['user', 'service', 'group'] as const) {
    if ((await roles.holders(roleId, kind)).length > 0) return false;
  }
  return true;
}
