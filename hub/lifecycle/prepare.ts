import type { JsonObject } from '../../core/model/json.js';
import { timestamp } from '../../core/model/time.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import type { SpawnerRecord } from '../store/types.js';
import { type Credentials, issueCredentials } from './credentials.js';
import type { ServerEntry } from './entry.js';
import { configuredEnvironment } from './environment.js';
import { applyGroupOverrides, applyUserOptions, callHook } from './hooks.js';
import type { LifecycleDeps } from './types.js';
import { makeView, readView, type SpawnerView } from './view.js';

export interface Prepared {
  readonly config: SpawnerConfig;
  readonly credentials: Credentials;
  readonly environment: Readonly<Record<string, string>>;
  readonly options: JsonObject;
  /** State of the last server that outlived it. */
  readonly kept: JsonObject;
}

/** Credentials, hooks, overrides and options: all that happens before anything outlives the hub. */
export async function prepare(
  deps: LifecycleDeps,
  entry: ServerEntry,
  record: SpawnerRecord,
  signal: AbortSignal,
): Promise<Prepared> {
  const { spawner, log } = deps;
  const view = await viewOf(deps, entry, record);
  entry.view = view;
  signal.throwIfAborted();
  const credentials = await issueCredentials(deps, entry, view, record);
  entry.secret = credentials.token;
  const steps: ReadonlyArray<() => Promise<void>> = [
    () => runPreSpawnStart(deps, entry),
    () => runAuthStateHook(deps, entry, view),
    () => stampStarted(deps, entry),
    () => applyGroupOverrides(view, spawner.declaration, log),
    () => applyUserOptions(view, spawner, log),
    () => runPreSpawnHook(view),
    async () => spawner.choices?.apply(view),
  ];
  for (const step of steps) {
    signal.throwIfAborted();
    await step();
  }
  const config = readView(view, spawner.declaration);
  const environment = await configuredEnvironment(config, view);
  signal.throwIfAborted();
  const kept = record.state ?? {};
  return { config, credentials, environment, options: view.user_options, kept };
}

async function runPreSpawnStart(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  await callHook('pre_spawn_start', () => deps.authenticator?.preSpawnStart?.(entry.user.name, entry.name));
}

/** What hooks of this server see, before anything was applied. */
export async function viewOf(
  deps: LifecycleDeps,
  entry: ServerEntry,
  record?: SpawnerRecord,
): Promise<SpawnerView> {
  const groups = await deps.store.groups.byUser(entry.user.id);
  return makeView(deps.spawner.config, {
    user: entry.user,
    groups: groups.map((group) => group.name),
    name: entry.name,
    displayName: record?.displayName ?? null,
    userUrl: entry.url,
    options: record?.userOptions ?? {},
    clientId: record?.oauthClientId ?? '',
    log: deps.log.child({ user: entry.user.name, server: entry.name }),
  });
}

async function runAuthStateHook(deps: LifecycleDeps, entry: ServerEntry, view: SpawnerView): Promise<void> {
  const hook = view['auth_state_hook'];
  if (typeof hook !== 'function') return;
  const authState = await deps.authState(entry.user);
  await callHook('auth_state_hook', () =>
    (hook as (spawner: SpawnerView, authState: unknown) => unknown)(view, authState),
  );
}

async function runPreSpawnHook(view: SpawnerView): Promise<void> {
  const hook = view['pre_spawn_hook'];
  if (typeof hook === 'function')
    await callHook('pre_spawn_hook', () => (hook as (spawner: SpawnerView) => unknown)(view));
}

async function stampStarted(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  const now = timestamp(deps.clock.now());
  await deps.store.transaction(async (db) => {
    await db.spawners.update(entry.spawnerId, { started: now, lastActivity: now });
    await db.users.touch(new Map([[entry.user.id, now]]));
  });
}
