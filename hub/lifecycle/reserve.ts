import { randomUUID } from 'node:crypto';
import { Fault } from '../../core/fault.js';
import { type ServerName, serverPath } from '../../core/model/names.js';
import type { UserRecord } from '../store/types.js';
import type { Breaker } from './breaker.js';
import { placeOf, type ServerEntry, serverLabel, statusOf } from './entry.js';
import { refusal } from './failure.js';
import { checkActive, throttled } from './limits.js';
import { ProgressLog } from './progress.js';
import type { Registry } from './registry.js';
import type { LifecycleDeps, RefusalReason } from './types.js';
import type { WaitingRoom } from './waiting-room.js';

interface ReserveDeps extends Pick<LifecycleDeps, 'settings' | 'observe'> {
  readonly registry: Registry;
  readonly breaker: Breaker;
  readonly room: WaitingRoom;
}

/** An entry that counts as starting; with `turn` once that has resolved. */
export interface Reserved {
  readonly entry: ServerEntry;
  /** It waits in the queue until this resolves. */
  readonly turn?: Promise<void>;
}

/**
 * The entry of a start that is about to begin: from here on nobody else starts that server. Never awaits between its
 * checks and the mark. A start that may wait takes a place in the queue where another is refused; a place that gets
 * free goes to the queue first, so while anybody waits there all others are refused.
 * @throws Fault 400 when it runs or something is under way, or the user is being deleted or renamed; 429 at a limit;
 * 503 while the breaker is open
 */
export function reserve(
  deps: ReserveDeps,
  user: UserRecord,
  serverName: string,
  request: { readonly mayWait?: boolean },
): Reserved {
  const name = serverName as ServerName;
  if (serverName.includes('/')) throw refusal('SERVER_NAME', 'The name of a server cannot hold a slash.');
  const { registry, room } = deps;
  registry.marks.refuse(user);
  const { pending, ready } = statusOf(registry.get(user, name));
  if (pending !== null) {
    deps.observe?.({ kind: 'refused', reason: 'already-pending' });
    throw refusal('SERVER_PENDING', `${serverLabel({ user, name })} is pending ${pending}`);
  }
  if (ready) throw refusal('SERVER_RUNNING', `${serverLabel({ user, name })} is already running`);
  const waits = observed(deps, () => mustWait(deps, user, request.mayWait ?? false));
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
  if (waits) return { entry, turn: room.wait(entry) };
  deps.breaker.begins(entry);
  return { entry };
}

/** @throws Fault what refuses the start, in the order of JupyterHub 6.1.1 `spawn_single_user` */
function mustWait({ settings, registry, breaker, room }: ReserveDeps, user: UserRecord, may: boolean) {
  breaker.check();
  const { busy } = room;
  if (busy && !(may && settings.spawnQueueLimit > 0)) throw throttled(settings.spawnThrottleRetryRange);
  checkActive(settings, registry.counts());
  if (busy) room.checkRoom(user.id);
  return busy;
}

/** Whether the start whose turn it is may still begin. @throws Fault 429, 503 */
export function mayBegin(deps: Omit<ReserveDeps, 'room'>, entry: ServerEntry): void {
  observed(deps, () => {
    deps.breaker.check();
    checkActive(deps.settings, deps.registry.counts());
  });
  deps.breaker.begins(entry);
}

const REASONS: readonly string[] = ['throttled', 'too-many-users', 'breaker'] satisfies RefusalReason[];

function observed<T>({ observe }: Pick<LifecycleDeps, 'observe'>, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof Fault && REASONS.includes(error.reason ?? '')) {
      observe?.({ kind: 'refused', reason: error.reason as RefusalReason });
    }
    throw error;
  }
}
