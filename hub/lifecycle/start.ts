import { isJsonObject } from '../../core/model/json.js';
import { timestamp } from '../../core/model/time.js';
import type { SpawnerRecord } from '../store/types.js';
import { bounded } from './bounded.js';
import { bringUp } from './bring-up.js';
import { revokeCredentials } from './credentials.js';
import { type ServerEntry, targetOf } from './entry.js';
import { late, seconds } from './launch.js';
import { prepare } from './prepare.js';
import { ownerOf } from './servers.js';
import type { LifecycleDeps, StartRequest } from './types.js';

/** A write of the database that is under way when a start is cancelled may end. */
const PREPARE_GRACE_MS = 2_000;

/**
 * A start, step by step, in JupyterHub's order (JupyterHub 6.1.1 `User.spawn`). Rejects
 * with what went wrong; cleaning up after it is the caller's, who knows the same entry.
 */
export async function startServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  request: StartRequest,
  signal: AbortSignal,
): Promise<void> {
  const record = await openOperation(deps, entry, request);
  const prepared = await bounded(
    deps.clock,
    seconds(deps.spawner.config.start_timeout),
    signal,
    late('hooks'),
    (abort) => prepare(deps, entry, record, abort),
    PREPARE_GRACE_MS,
  );
  const address = await bringUp(deps, entry, prepared, signal);
  signal.throwIfAborted();
  await deps.proxy.addRoute(entry.route, targetOf(address), {
    user: entry.user.name,
    server_name: entry.name,
  });
  await deps.store.operations.end(entry.spawnerId, entry.spawnId ?? '');
  signal.throwIfAborted();
}

/** The server counts as active from here on, for this hub and any other that opens the database. */
async function openOperation(
  deps: LifecycleDeps,
  entry: ServerEntry,
  request: StartRequest,
): Promise<SpawnerRecord> {
  const { clock, spawner } = deps;
  const now = timestamp(clock.now());
  const ms = seconds(2 * spawner.config.start_timeout + spawner.config.http_timeout);
  const deadline = timestamp(clock.now() + ms);
  const options = isJsonObject(request.options) ? request.options : undefined;
  return deps.store.transaction(async (db) => {
    await ownerOf(db, entry);
    const known = await db.spawners.find(entry.user.id, entry.name);
    const record = known ?? (await db.spawners.create({ userId: entry.user.id, name: entry.name }));
    entry.spawnerId = record.id;
    await endLeftOver(db.operations, record.id);
    await db.operations.begin({
      spawnerId: record.id,
      kind: 'spawn',
      spawnId: entry.spawnId ?? '',
      startedAt: now,
      deadline,
    });
    await revokeCredentials(db, entry);
    await db.spawners.setServer(record.id, { proto: 'http', ip: '', port: 0, baseUrl: entry.baseUrl });
    await db.spawners.update(record.id, {
      state: deps.spawner.keptState(record.state ?? {}),
      ...(options && { userOptions: options }),
      ...(request.displayName !== undefined && { displayName: request.displayName }),
    });
    return (await db.spawners.byId(record.id)) ?? record;
  });
}

/** An operation that could not be closed, e.g. because the database was locked: in memory nothing is under way. */
async function endLeftOver(
  operations: LifecycleDeps['store']['operations'],
  spawnerId: number,
): Promise<void> {
  const stale = (await operations.all()).find((each) => each.spawnerId === spawnerId);
  if (stale) await operations.end(spawnerId, stale.spawnId);
}
