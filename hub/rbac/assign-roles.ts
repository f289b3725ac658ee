import { StartupFault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { Repositories, Store } from '../store/types.js';
import { syncAdminFlags } from './admin-sync.js';
import { type ConfigUsers, getOrCreateGroup, resolveUsers } from './config-users.js';
import { existingRole } from './default-roles.js';
import { assignFirstRoles } from './load-roles.js';
import { ManagedAssignments } from './managed-assignments.js';
import type { RolePlan } from './role-plan.js';
import { ENTITY_OF, MEMBER_KINDS, type MemberKind, type RoleSpec } from './role-spec.js';

export interface AssignRolesInput {
  readonly plan: RolePlan;
  readonly users: ConfigUsers;
  /** `c.Authenticator.admin_users`, normalised. */
  readonly adminUsers: readonly string[];
  /** `c.Authenticator.allowed_users`, normalised. */
  readonly allowedUsers: readonly string[];
  /** `c.Authenticator.reset_managed_roles_on_startup` */
  readonly resetManaged: boolean;
  /** From `loadRoles`. */
  readonly firstRoles: boolean;
  readonly log: Log;
}

/** The members of one role, each kind that the configuration decides about. */
interface Membership {
  readonly spec: RoleSpec;
  readonly members: ReadonlyMap<MemberKind, readonly number[]>;
}

/**
 * Makes role membership what the configuration says: a listed kind becomes exactly that list, an absent one is emptied,
 * except users of the role `user` and of the authenticator's roles. Roles that the configuration does not mention keep
 * their members. (JupyterHub 6.1.1 `init_role_assignment`)
 * @throws StartupFault with every unknown service and impossible user name; nothing has been assigned then
 */
export async function assignRoles(store: Store, input: AssignRolesInput): Promise<void> {
  const faults: string[] = [];
  const specs = withAdminUsers(input);
  const memberships: Membership[] = [];
  // Outside the transaction: making a user asks the authenticator.
  for (const spec of specs) memberships.push(await resolveMembers(store, spec, input.users, faults));
  if (faults.length > 0) throw new StartupFault(faults);
  await store.transaction(async (repositories) => {
    const managed = input.resetManaged ? await ManagedAssignments.load(repositories) : undefined;
    for (const membership of memberships) await assign(repositories, membership, managed);
    await managed?.removeStale(repositories, input.log);
    await grantUserRole(repositories, input.allowedUsers);
    const adminSpec = specs.find((spec) => spec.name === 'admin');
    await syncAdminFlags(repositories, adminSpec, input.log);
    if (input.firstRoles) await assignFirstRoles(repositories, input.log);
  });
}

/** A spec of `admin` is authoritative, so the authenticator's own list joins it. */
function withAdminUsers({ plan, adminUsers, log }: AssignRolesInput): readonly RoleSpec[] {
  if (adminUsers.length === 0) return plan.specs;
  return plan.specs.map((spec) => {
    if (spec.name !== 'admin') return spec;
    log.warn(
      'admin_users and the role "admin" in load_roles both name administrators; their lists are merged',
    );
    return { ...spec, users: [...new Set([...(spec.users ?? []), ...adminUsers])] };
  });
}

async function resolveMembers(
  store: Store,
  spec: RoleSpec,
  users: ConfigUsers,
  faults: string[],
): Promise<Membership> {
  const members = new Map<MemberKind, readonly number[]>();
  for (const kind of MEMBER_KINDS) {
    const names = spec[kind];
    if (names !== undefined) members.set(kind, await resolveKind(store, spec, kind, names, users, faults));
    else if (emptiedWhenAbsent(spec, kind)) members.set(kind, []);
  }
  return { spec, members };
}

function emptiedWhenAbsent(spec: RoleSpec, kind: MemberKind): boolean {
  return kind !== 'users' || (spec.name !== 'user' && !spec.managedByAuth);
}

async function resolveKind(
  store: Store,
  spec: RoleSpec,
  kind: MemberKind,
  names: readonly string[],
  users: ConfigUsers,
  faults: string[],
): Promise<readonly number[]> {
  const foundIn = `role ${JSON.stringify(spec.name)}`;
  if (kind === 'users') return (await resolveUsers(users, names, foundIn, faults)).map((user) => user.id);
  const ids: number[] = [];
  for (const name of new Set(names)) {
    if (kind === 'groups') {
      ids.push((await getOrCreateGroup(store, name)).id);
      continue;
    }
    const service = await store.services.byName(name);
    if (service) ids.push(service.id);
    else faults.push(`${foundIn}: service ${JSON.stringify(name)} is not defined in c.JupyterHub.services`);
  }
  return ids;
}

async function assign(
  repositories: Repositories,
  { spec, members }: Membership,
  managed: ManagedAssignments | undefined,
): Promise<void> {
  const role = await existingRole(repositories, spec.name);
  for (const kind of MEMBER_KINDS) {
    const ids = members.get(kind);
    const entity = ENTITY_OF[kind];
    if (ids) {
      await setHolders(repositories, role.id, kind, ids, spec.managedByAuth);
      if (spec.managedByAuth) managed?.keep(role.id, entity, ids);
    } else if (spec.managedByAuth) {
      managed?.keepAll(role.id, entity);
    }
  }
}

/** Exactly these holders; with `managedByAuth` all of them count as the authenticator's. */
export async function setHolders(
  { roles }: Repositories,
  roleId: number,
  kind: MemberKind,
  ids: readonly number[],
  managedByAuth: boolean,
): Promise<void> {
  const entity = ENTITY_OF[kind];
  const before = await roles.holders(roleId, entity);
  // A grant leaves existing rows alone, so rows that are to become managed are made anew.
  const gone = managedByAuth ? before : before.filter((id) => !ids.includes(id));
  const added = managedByAuth ? ids : ids.filter((id) => !before.includes(id));
  if (gone.length > 0) await roles.strip(roleId, entity, gone);
  if (added.length > 0) await roles.grant(roleId, entity, added, managedByAuth);
}

async function grantUserRole(repositories: Repositories, allowedUsers: readonly string[]): Promise<void> {
  if (allowedUsers.length === 0) return;
  const role = await existingRole(repositories, 'user');
  const holders = new Set(await repositories.roles.holders(role.id, 'user'));
  const users = await repositories.users.byNames(allowedUsers);
  const lacking = users.map((user) => user.id).filter((id) => !holders.has(id));
  if (lacking.length > 0) await repositories.roles.grant(role.id, 'user', lacking);
}
