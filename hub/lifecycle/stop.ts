import { Fault, messageOf } from '../../core/fault.js';
import { timestamp } from '../../core/model/time.js';
import { bounded } from './bounded.js';
import { revokeCredentials } from './credentials.js';
import { type ServerEntry, serverLabel } from './entry.js';
import { callHook } from './hooks.js';
import { viewOf } from './prepare.js';
import type { LifecycleDeps } from './types.js';

/** Longest that a stop may be in the table before another hub takes it for given up. */
const STOP_MS = 10 * 60_000;
const HOOK_MS = 60_000;

/** Makes the stop a row, so that it is finished should this hub end in its middle. */
export async function openStop(deps: LifecycleDeps, entry: ServerEntry, operationId: string): Promise<void> {
  const now = deps.clock.now();
  await deps.store.operations.begin({
    spawnerId: entry.spawnerId,
    kind: 'stop',
    spawnId: operationId,
    startedAt: timestamp(now),
    deadline: timestamp(now + STOP_MS),
  });
}

/**
 * Ends a server in JupyterHub's order (JupyterHub 6.1.1 user.py `stop`): route, process, rows, hooks.
 * @param options.now skips the polite signal (failed and cancelled starts)
 * @param options.keepRoute the route is another server's
 * @throws whatever the spawner threw while the process still runs: then nothing was forgotten
 */
export async function stopServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  operationId: string,
  options: { readonly now: boolean; readonly keepRoute: boolean },
): Promise<void> {
  if (!options.keepRoute) await dropRoute(deps, entry);
  await endProcess(deps, entry, options.now);
  await forgetServer(deps, entry);
  await runPostStopHook(deps, entry);
  await deps.store.transaction(async (db) => {
    const state = deps.spawner.keptState(entry.spawner?.state() ?? {});
    await db.spawners.update(entry.spawnerId, { state });
    await db.operations.end(entry.spawnerId, operationId);
  });
  await runPostSpawnStop(deps, entry);
  entry.spawner?.clearState();
  entry.spawner = undefined;
  entry.address = undefined;
}

/** A proxy that cannot be reached must not keep a server alive: the next reconciliation removes the route. */
async function dropRoute(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  try {
    await deps.proxy.deleteRoute(entry.route);
  } catch (error) {
    deps.log.warn('the route of a server could not be removed', {
      server: serverLabel(entry),
      error: messageOf(error),
    });
  }
}

async function endProcess(deps: LifecycleDeps, entry: ServerEntry, now: boolean): Promise<void> {
  const { spawner } = entry;
  if (!spawner) return;
  try {
    // also when it seems dead: a start may have been cut short before the process was recorded
    await spawner.stop({ now });
  } catch (error) {
    if ((await spawner.poll()).running) throw error;
    deps.log.warn('a server ended, but not in order', {
      server: serverLabel(entry),
      error: messageOf(error),
    });
  }
}

async function forgetServer(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  const now = timestamp(deps.clock.now());
  await deps.store.transaction(async (db) => {
    await db.spawners.clearServer(entry.spawnerId, now);
    await db.users.touch(new Map([[entry.user.id, now]]));
    await revokeCredentials(db, entry);
  });
}

/** A failing or hanging hook is logged; the server is stopped all the same. */
async function runPostStopHook(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  const hook = deps.spawner.config.post_stop_hook;
  if (!hook) return;
  await logged(deps, entry, 'post_stop_hook', async () => {
    const view = entry.view ?? (await viewOf(deps, entry));
    await callHook('post_stop_hook', () => hook(view));
  });
}

async function runPostSpawnStop(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  await logged(deps, entry, 'post_spawn_stop', async () => {
    await deps.authenticator?.postSpawnStop?.(entry.user.name, entry.name);
  });
}

async function logged(
  deps: LifecycleDeps,
  entry: ServerEntry,
  hook: string,
  run: () => Promise<void>,
): Promise<void> {
  const late = (): Fault =>
    new Fault('HOOK_TIMEOUT', `${hook} did not end within ${HOOK_MS / 1000} seconds.`);
  try {
    await bounded(deps.clock, HOOK_MS, new AbortController().signal, late, run);
  } catch (error) {
    const detail = error instanceof Fault ? error.detail : undefined;
    deps.log.error(`${hook} failed`, { server: serverLabel(entry), error: detail ?? messageOf(error) });
  }
}
