import { randomUUID } from 'node:crypto';
import { Fault } from '../../core/fault.js';
import { type ServerName, serverPath } from '../../core/model/names.js';
import type { UserRecord } from '../store/types.js';
import { placeOf, type ServerEntry, serverLabel, statusOf } from './entry.js';
import { checkLimits } from './limits.js';
import { ProgressLog } from './progress.js';
import type { Registry } from './registry.js';
import type { LifecycleDeps } from './types.js';

/**
 * The entry of a start that is about to begin: from here on nobody else starts that server. Never awaits between its
 * checks and the mark.
 * @throws Fault 400 when it runs or something is under way, 429 at a limit
 */
export function reserve(
  deps: Pick<LifecycleDeps, 'settings' | 'observe'>,
  registry: Registry,
  user: UserRecord,
  serverName: string,
): ServerEntry {
  const name = serverName as ServerName;
  if (serverName.includes('/')) throw refusal('SERVER_NAME', 'The name of a server cannot hold a slash.');
  const { pending, ready } = statusOf(registry.get(user.id, name));
  if (pending !== null) {
    deps.observe?.({ kind: 'refused', reason: 'already-pending' });
    throw refusal('SERVER_PENDING', `${serverLabel({ user, name })} is pending ${pending}`);
  }
  if (ready) throw refusal('SERVER_RUNNING', `${serverLabel({ user, name })} is already running`);
  observeLimits(deps, registry);
  const entry: ServerEntry = {
    user,
    name,
    ...placeOf(deps.settings, user, serverPath(deps.settings.baseUrl, user.name, name)),
    spawnerId: 0,
    pending: 'spawn',
    spawnId: `${deps.settings.hubId}.${randomUUID()}`,
    abort: new AbortController(),
    progress: new ProgressLog(),
  };
  registry.put(entry);
  return entry;
}

function observeLimits(deps: Pick<LifecycleDeps, 'settings' | 'observe'>, registry: Registry): void {
  try {
    checkLimits(deps.settings, registry.counts());
  } catch (error) {
    if (error instanceof Fault) {
      deps.observe?.({
        kind: 'refused',
        reason: error.reason === 'throttled' ? 'throttled' : 'too-many-users',
      });
    }
    throw error;
  }
}

/** What the state of a server does not allow. */
export function refusal(code: string, message: string): Fault {
  return new Fault(code, message, { status: 400 });
}
