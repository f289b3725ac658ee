import type { Log } from '../../core/log.js';
import type { Store } from '../store/types.js';

/**
 * `c.Authenticator.blocked_users` at start: credentials that were issued before stay, but grant nothing any more.
 * Their servers are stopped by `hub/lifecycle`.
 */
export async function revokeBlockedUsers(store: Store, names: readonly string[], log: Log): Promise<void> {
  if (names.length === 0) return;
  await store.transaction(async (repositories) => {
    for (const user of await repositories.users.byNames(names)) {
      if (user.admin) {
        log.warn('removing the admin flag from a blocked user', { user: user.name });
        await repositories.users.update(user.id, { admin: false });
      }
      const roles = await repositories.roles.of('user', user.id);
      if (roles.length > 0) {
        log.warn('removing a blocked user from roles', {
          user: user.name,
          roles: roles.map(({ name }) => name),
        });
        await repositories.roles.stripAll('user', user.id);
      }
      const groups = await repositories.groups.byUser(user.id);
      if (groups.length > 0) {
        log.warn('removing a blocked user from groups', {
          user: user.name,
          groups: groups.map(({ name }) => name),
        });
        await repositories.groups.setUserGroups(user.id, []);
      }
    }
  });
}
