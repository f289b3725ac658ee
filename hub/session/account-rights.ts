/** `AccountRights` as `hub/rbac` keeps them. */
import type { Log } from '../../core/log.js';
import type { ScopeRegistry } from '../../core/scopes/index.js';
import { assignDefaultRoles, syncGroups, syncRoles } from '../rbac/index.js';
import type { Store } from '../store/types.js';
import type { AccountRights } from './accounts.js';

export function accountRights(options: {
  readonly store: Store;
  readonly registry: ScopeRegistry;
  /** Names of load_roles, which a sign-in never deletes. */
  readonly configRoles: ReadonlySet<string>;
  readonly log: Log;
}): AccountRights {
  const { store, log } = options;
  return {
    assignDefaultRoles: (user) =>
      store.transaction((repositories) =>
        assignDefaultRoles(repositories, { kind: 'user', id: user.id, admin: user.admin }),
      ),
    syncGroups: (user, names) => syncGroups(store, user, names, log),
    syncManagedRoles: (user, roles) => syncRoles(store, user, roles, options),
  };
}
