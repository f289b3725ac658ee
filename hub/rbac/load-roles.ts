import type { Log } from '../../core/log.js';
import { defaultRoleNamed } from '../../core/scopes/index.js';
import type { Repositories, Store } from '../store/types.js';
import { assignDefaultRoles } from './default-roles.js';
import type { RolePlan } from './role-plan.js';

export interface LoadedRoles {
  /** The database had users and no role at all: it comes from a hub without roles, and nobody holds any yet. */
  readonly firstRoles: boolean;
}

/**
 * Makes the roles in the database those of the plan: unlisted ones go with their members, listed ones get exactly the
 * planned description and scopes. Default roles and, unless `resetManaged`, the authenticator's own stay.
 */
export function loadRoles(
  store: Store,
  plan: RolePlan,
  options: { readonly resetManaged: boolean; readonly log: Log },
): Promise<LoadedRoles> {
  return store.transaction(async (repositories) => {
    const before = await repositories.roles.all();
    const firstRoles = before.length === 0 && (await repositories.users.count()) > 0;
    const planned = new Set(plan.roles.map((role) => role.name));
    for (const role of before) {
      if (planned.has(role.name) || defaultRoleNamed(role.name)) continue;
      if (role.managedByAuth && !options.resetManaged) continue;
      options.log.warn('deleting a role that is no longer configured', { role: role.name });
      await repositories.roles.delete(role.name);
    }
    for (const role of plan.roles) {
      const old = before.find((candidate) => candidate.name === role.name);
      const scopes = role.scopes ?? [];
      if (scopes.length === 0) options.log.warn('a role has no scopes', { role: role.name });
      if (old && scopes.some((scope) => !old.scopes.includes(scope))) {
        options.log.warn('a role has obtained more scopes', { role: role.name });
      }
      await repositories.roles.upsert({
        name: role.name,
        description: role.description ?? null,
        scopes,
        managedByAuth: role.managedByAuth,
      });
    }
    return { firstRoles };
  });
}

const BATCH = 500;

/** Users of a database without roles get what they would have got at their creation. */
export async function assignFirstRoles(repositories: Repositories, log: Log): Promise<void> {
  log.warn('no roles in the database: assigning default roles to all users');
  for await (const user of allUsers(repositories)) {
    // `admin` may have come from the flag a moment ago; it is not what everybody has.
    const held = await repositories.roles.of('user', user.id);
    if (held.some((role) => role.name !== 'admin')) continue;
    await assignDefaultRoles(repositories, { kind: 'user', id: user.id, admin: user.admin });
  }
}

export async function* allUsers(
  repositories: Repositories,
): AsyncIterable<Awaited<ReturnType<Repositories['users']['list']>>['items'][number]> {
  for (let offset = 0; ; offset += BATCH) {
    const { items } = await repositories.users.list({ offset, limit: BATCH });
    yield* items;
    if (items.length < BATCH) return;
  }
}
