import { Fault } from '../../core/fault.js';
import type { UserName } from '../../core/model/names.js';
import type { Repositories, RoleRecord, UserRecord } from '../store/types.js';

/** A user or service as far as default roles go. */
export interface Holder {
  readonly kind: 'user' | 'service';
  readonly id: number;
  readonly admin: boolean;
}

/**
 * Every user holds `user`; who has the admin flag holds `admin` and nobody else does. Runs when a user is created, at
 * each sign-in, and when the flag changes. (JupyterHub 6.1.1 `assign_default_roles`)
 */
export async function assignDefaultRoles(repositories: Repositories, holder: Holder): Promise<void> {
  const { roles } = repositories;
  const held = new Set((await roles.of(holder.kind, holder.id)).map((role) => role.name));
  if (holder.admin && !held.has('admin')) {
    await roles.grant((await existingRole(repositories, 'admin')).id, holder.kind, [holder.id]);
  }
  if (!holder.admin && held.has('admin')) {
    await roles.strip((await existingRole(repositories, 'admin')).id, holder.kind, [holder.id]);
  }
  if (holder.kind === 'user' && !held.has('user')) {
    await roles.grant((await existingRole(repositories, 'user')).id, 'user', [holder.id]);
  }
}

/** A new user with the roles that every user has. @throws AlreadyExists */
export async function createUser(
  repositories: Repositories,
  user: { readonly name: UserName; readonly admin?: boolean },
): Promise<UserRecord> {
  const created = await repositories.users.create(user);
  await assignDefaultRoles(repositories, { kind: 'user', id: created.id, admin: created.admin });
  return created;
}

/** Sets the flag and the role together: one without the other is a right that nobody sees. */
export async function setAdmin(repositories: Repositories, user: UserRecord, admin: boolean): Promise<void> {
  if (user.admin !== admin) await repositories.users.update(user.id, { admin });
  await assignDefaultRoles(repositories, { kind: 'user', id: user.id, admin });
}

/** @throws Fault when the role is missing, which a loaded hub's default roles never are */
export async function existingRole(repositories: Repositories, name: string): Promise<RoleRecord> {
  const role = await repositories.roles.byName(name);
  if (!role) throw new Fault('ROLE_MISSING', `Role ${name} does not exist`);
  return role;
}
