import { Fault } from '../core/fault.js';
import type { Log } from '../core/log.js';
import type { LifecycleDeps } from './lifecycle/index.js';
import type { AuthRefresh } from './session/index.js';
import type { UserRecord } from './store/types.js';

/**
 * `Authenticator.refresh_pre_spawn` and `refresh_pre_stop` (JupyterHub 6.1.1 `spawn_single_user`, `stop_single_user`):
 * what is known of a user is refreshed first. Where only a new sign-in helps, one's own request is 403; somebody
 * else may stop the server all the same.
 */
export function refreshBefore(
  settings: { readonly refresh_pre_spawn: boolean; readonly refresh_pre_stop: boolean },
  refresh: Pick<AuthRefresh, 'current'>,
  log: Pick<Log, 'warn'>,
): Pick<LifecycleDeps, 'beforeStart' | 'beforeStop'> {
  return {
    ...(settings.refresh_pre_spawn && {
      beforeStart: async (user, by) => {
        const fresh = await refresh.current(user, by, true);
        if (!fresh) throw expired(user);
        return fresh;
      },
    }),
    ...(settings.refresh_pre_stop && {
      beforeStop: async (user, by) => {
        if (await refresh.current(user, by, true)) return;
        if (by !== 'another-user') throw expired(user);
        log.warn('a server is stopped although what is known of its user may be stale', { user: user.name });
      },
    }),
  };
}

function expired(user: UserRecord): Fault {
  return new Fault('AUTH_EXPIRED', `auth has expired for ${user.name}, login again`, { status: 403 });
}
