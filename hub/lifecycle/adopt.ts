import { Fault, messageOf } from '../../core/fault.js';
import { serverPath } from '../../core/model/names.js';
import type { ServerAddress } from '../../core/plugin/spawner.js';
import type { OperationRecord, ServerRecord, SpawnerRecord, UserRecord } from '../store/types.js';
import { confirmServer } from './confirm.js';
import { placeOf, type ServerEntry, serverColumns, serverLabel, targetOf } from './entry.js';
import { makeSpawner } from './launch.js';
import { viewOf } from './prepare.js';
import { ProgressLog } from './progress.js';
import type { LifecycleDeps } from './types.js';

const AT_ONCE = 20;
const AGAIN_MS = 1_000;
const AGAIN_MOST_MS = 60_000;

/** A server that the database knows, and what was under way on it when the last hub ended. */
export interface Found {
  readonly entry: ServerEntry;
  readonly record: SpawnerRecord;
  readonly operation: OperationRecord | undefined;
}

/** What the owner of the entries does with the result of a look. */
export interface AdoptionPort {
  /** It lives and answers: `pending` ends, polling begins. */
  ready(found: Found): Promise<void>;
  /** It is gone, does not answer or may not be there: clean up, and tell why where a start was under way. */
  gone(found: Found, cause: Fault): Promise<void>;
  /** A stop was under way: finish it. */
  finishStop(found: Found): Promise<void>;
  /** The hub ends, and the next one looks after what is left. */
  readonly abandoned: boolean;
}

/** All servers with a server row or an operation, as entries with the operation that now runs on them. */
export async function findServers(deps: LifecycleDeps): Promise<readonly Found[]> {
  const operations = new Map((await deps.store.operations.all()).map((each) => [each.spawnerId, each]));
  return (await deps.store.spawners.active()).map(({ user, spawner: record }) => {
    const operation = operations.get(record.id);
    return { entry: entryOf(deps, user, record, operation), record, operation };
  });
}

function entryOf(
  deps: LifecycleDeps,
  user: UserRecord,
  record: SpawnerRecord,
  operation: OperationRecord | undefined,
): ServerEntry {
  const pending = operation?.kind === 'spawn' || operation?.kind === 'stop' ? operation.kind : 'check';
  const ofState = record.state ? deps.spawner.spawnIdOf(record.state) : undefined;
  return {
    user,
    name: record.name,
    ...placeOf(
      deps.settings,
      user,
      record.server?.baseUrl ?? serverPath(deps.settings.baseUrl, user.name, record.name),
    ),
    spawnerId: record.id,
    pending,
    spawnId: operation?.kind === 'spawn' ? operation.spawnId : ofState,
    abort: new AbortController(),
    ...(pending !== 'stop' && { progress: new ProgressLog() }),
  };
}

/**
 * Looks after every found server, some at once (JupyterHub 6.1.1 app.py `init_spawners`): nothing lives on that
 * the database does not know, nothing counts as running that does not.
 */
export async function adoptServers(
  deps: LifecycleDeps,
  found: readonly Found[],
  port: AdoptionPort,
): Promise<void> {
  const slots = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  found.forEach((each, index) => {
    const slot = index % AT_ONCE;
    const work = (slots[slot] ?? Promise.resolve()).then(() => adoptOne(deps, each, port));
    each.entry.operation = work;
    slots[slot] = work;
  });
  await Promise.all(slots);
}

/** Never rejects. */
async function adoptOne(deps: LifecycleDeps, found: Found, port: AdoptionPort): Promise<void> {
  const { entry, record } = found;
  try {
    entry.spawner = await makeSpawner(deps, entry, deps.spawner.config);
    entry.spawner.loadState(record.state ?? {});
    entry.view = await viewOf(deps, entry, record);
    if (entry.pending === 'stop') return await port.finishStop(found);
    await verify(deps, found);
    await port.ready(found);
  } catch (error) {
    const cause =
      error instanceof Fault
        ? error
        : new Fault('ADOPT_FAILED', 'The server could not be checked after a restart of the hub.', {
            cause: error,
            detail: messageOf(error),
          });
    // others wait for the same slot
    if (!(await cleanedUp(deps, found, cause, port)))
      entry.operation = cleanUpLater(deps, found, cause, port);
  }
}

async function cleanedUp(
  deps: LifecycleDeps,
  found: Found,
  cause: Fault,
  port: AdoptionPort,
): Promise<boolean> {
  try {
    await port.gone(found, cause);
    return true;
  } catch (failure) {
    deps.log.error('a server could not be cleaned up after a restart, and is tried again', {
      server: serverLabel(found.entry),
      error: messageOf(failure),
    });
    return false;
  }
}

/** Without end: whoever cannot be cleaned up stays pending, and nobody else would ever end that. */
async function cleanUpLater(
  deps: LifecycleDeps,
  found: Found,
  cause: Fault,
  port: AdoptionPort,
): Promise<void> {
  for (let pause = AGAIN_MS; !port.abandoned; pause = Math.min(AGAIN_MOST_MS, pause * 2)) {
    await deps.clock.sleep(pause);
    if (port.abandoned || (await cleanedUp(deps, found, cause, port))) return;
  }
}

/** Resolves when the server lives, answers and is what it seems; its route is set. @throws Fault */
async function verify(deps: LifecycleDeps, { entry, record, operation }: Found): Promise<void> {
  const signal = entry.abort?.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  if (deps.isBlocked(entry.user)) throw new Fault('SERVER_BLOCKED', 'This user is blocked.', { status: 403 });
  const result = await entry.spawner?.poll();
  if (!result?.running) throw interrupted(operation, result?.exitStatus ?? 0);
  const address = entry.spawner?.address?.() ?? storedAddress(record.server);
  if (!address) throw interrupted(operation, 0);
  const timeoutMs = deps.spawner.config.http_timeout * 1000;
  await confirmServer(deps, entry, address, { token: undefined, timeoutMs, signal });
  await recordAdopted(deps, entry, address, operation);
  await addRoute(deps, entry, address);
}

async function recordAdopted(
  deps: LifecycleDeps,
  entry: ServerEntry,
  address: ServerAddress,
  operation: OperationRecord | undefined,
): Promise<void> {
  const state = entry.spawner?.state() ?? {};
  await deps.store.transaction(async (db) => {
    await db.spawners.setServer(entry.spawnerId, { ...serverColumns(address), baseUrl: entry.baseUrl });
    await db.spawners.update(entry.spawnerId, { state });
    if (operation) await db.operations.end(entry.spawnerId, operation.spawnId);
  });
  entry.address = address;
}

/** The reconciliation that follows sets it as well: a proxy that is not up yet is no reason to end a server. */
async function addRoute(deps: LifecycleDeps, entry: ServerEntry, address: ServerAddress): Promise<void> {
  try {
    await deps.proxy.addRoute(entry.route, targetOf(address), {
      user: entry.user.name,
      server_name: entry.name,
    });
  } catch (error) {
    deps.log.warn('the route of an adopted server could not be set yet', {
      server: serverLabel(entry),
      error: messageOf(error),
    });
  }
}

function interrupted(operation: OperationRecord | undefined, exitStatus: number): Fault {
  return operation?.kind === 'spawn'
    ? new Fault(
        'SPAWN_INTERRUPTED',
        'The hub was restarted while your server was starting. Start it again.',
        { status: 500, reason: 'interrupted' },
      )
    : new Fault('SERVER_GONE', `The server ended with status ${exitStatus} while the hub was down.`, {
        reason: 'exited',
      });
}

/** What the `servers` row says, for spawners whose state does not (real JupyterHub's). */
function storedAddress(server: ServerRecord | null): ServerAddress | undefined {
  if (!server) return undefined;
  if (server.proto === 'http+unix') return { kind: 'unix', path: server.ip };
  if (server.port === 0) return undefined;
  const host = server.ip === '' || server.ip === '0.0.0.0' ? '127.0.0.1' : server.ip;
  return { kind: 'tcp', proto: server.proto === 'https' ? 'https' : 'http', host, port: server.port };
}
