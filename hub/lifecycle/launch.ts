import { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { ServerAddress, Spawner } from '../../core/plugin/spawner.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import { bounded } from './bounded.js';
import type { ServerEntry } from './entry.js';
import { environmentOf } from './environment.js';
import { type Prepared, viewOf } from './prepare.js';
import type { LifecycleDeps } from './types.js';

/** A cancelled spawner removes what it made before it rejects; a broken one is not waited for without end. */
const LAUNCH_GRACE_MS = 30_000;

/** Hands over to the spawner; what it made is durable, and found again, when this resolves. */
export async function launch(
  deps: LifecycleDeps,
  entry: ServerEntry,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<ServerAddress> {
  const { config, credentials } = prepared;
  const spawner = await makeSpawner(deps, entry, config, prepared.kept);
  entry.spawner = spawner;
  followProgress(deps, entry, spawner);
  const environment = (bind: { readonly host: string; readonly port: number }): Record<string, string> =>
    environmentOf(
      {
        entry,
        config,
        settings: deps.settings,
        hubEnvironment: deps.hubEnvironment,
        apiToken: credentials.token,
        clientId: credentials.clientId,
        clientScopes: credentials.clientScopes,
        configured: prepared.environment,
      },
      bind,
    );
  const start = (abort: AbortSignal): Promise<ServerAddress> =>
    spawner.start({
      signal: abort,
      spawnId: entry.spawnId ?? '',
      userOptions: prepared.options,
      environment,
      checkpoint: async (state) => {
        abort.throwIfAborted();
        await deps.store.spawners.update(entry.spawnerId, { state });
      },
    });
  return bounded(deps.clock, seconds(config.start_timeout), signal, late('start'), start, LAUNCH_GRACE_MS);
}

/**
 * An instance for the entry, as hooks left the configuration or as it stands.
 * @param kept state that outlived the last server
 */
export async function makeSpawner(
  deps: LifecycleDeps,
  entry: ServerEntry,
  config: SpawnerConfig,
  kept: JsonObject = {},
): Promise<Spawner> {
  const groups = await deps.store.groups.byUser(entry.user.id);
  const { outputDir, outputBytes, processLimit } = deps.settings;
  const spawner = deps.spawner.create({
    user: {
      id: entry.user.id,
      name: entry.user.name,
      admin: entry.user.admin,
      groups: groups.map((group) => group.name),
    },
    serverName: entry.name,
    config,
    view: entry.view ?? (await viewOf(deps, entry)),
    baseUrl: entry.baseUrl,
    log: deps.log.child({ user: entry.user.name, server: entry.name }),
    clock: deps.clock,
    outputDir,
    ...(outputBytes !== undefined && { outputBytes }),
    ...(processLimit !== undefined && { processLimit }),
  });
  if (Object.keys(kept).length > 0) {
    spawner.loadState(kept);
    spawner.clearState();
  }
  return spawner;
}

/** Passes the spawner's own messages on; without any there is JupyterHub's one. */
function followProgress(deps: LifecycleDeps, entry: ServerEntry, spawner: Spawner): void {
  const { progress } = entry;
  if (!spawner.progress) {
    progress?.add({ progress: 50, message: 'Spawning server...' });
    return;
  }
  const follow = async (): Promise<void> => {
    for await (const { progress: percent, message, html_message: html } of spawner.progress?.() ?? []) {
      progress?.add({
        ...(percent !== undefined && { progress: percent }),
        ...(message !== undefined && { message }),
        ...(html !== undefined && { html_message: html }),
      });
    }
  };
  follow().catch((error: unknown) =>
    deps.log.warn('the progress of a start could not be followed', { error: String(error) }),
  );
}

export function late(what: string): () => Fault {
  return () =>
    new Fault('SPAWN_TIMEOUT', 'The server took too long to start.', {
      reason: 'timeout',
      detail: `start_timeout passed in: ${what}`,
    });
}

export function seconds(value: number): number {
  return value * 1000;
}
