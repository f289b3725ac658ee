import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { timestamp } from '../../core/model/time.js';
import type { ServerAddress, Spawner } from '../../core/plugin/spawner.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import type { SpawnerRecord } from '../store/types.js';
import { bounded } from './bounded.js';
import { type Credentials, issueCredentials, revokeCredentials } from './credentials.js';
import { type ServerEntry, targetOf } from './entry.js';
import { configuredEnvironment, environmentOf } from './environment.js';
import { applyGroupOverrides, applyUserOptions, callHook } from './hooks.js';
import { proveIdentity, waitUntilReady, watchForDeath } from './readiness.js';
import { routeOf } from './routes.js';
import type { LifecycleDeps, StartRequest } from './types.js';
import { makeView, readView, type SpawnerView } from './view.js';

/**
 * A start, step by step, in JupyterHub's order (contracts/spawner.md 2.3; JupyterHub 6.1.1 `User.spawn`). Rejects
 * with what went wrong; cleaning up after it is the caller's, who knows the same entry.
 */
export async function startServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  request: StartRequest,
  signal: AbortSignal,
): Promise<void> {
  await deps.beforeStart?.(entry.user);
  const record = await openOperation(deps, entry, request);
  const prepared = await bounded(
    deps.clock,
    seconds(deps.spawner.config.start_timeout),
    signal,
    late('hooks'),
    () => prepare(deps, entry, record),
  );
  const address = await launch(deps, entry, prepared, signal);
  await recordStarted(deps, entry, address);
  await confirm(deps, entry, address, prepared, signal);
  signal.throwIfAborted();
  await deps.proxy.addRoute(routeOf(entry.baseUrl), targetOf(address), {
    user: entry.user.name,
    server_name: entry.name,
  });
  await deps.store.operations.end(entry.spawnerId, entry.spawnId ?? '');
  signal.throwIfAborted();
}

interface Prepared {
  readonly config: SpawnerConfig;
  readonly credentials: Credentials;
  readonly environment: Readonly<Record<string, string>>;
  readonly options: JsonObject;
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
      state: {},
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

/** Credentials, hooks, overrides and options: all that happens before anything outlives the hub. */
async function prepare(deps: LifecycleDeps, entry: ServerEntry, record: SpawnerRecord): Promise<Prepared> {
  const { spawner, log } = deps;
  const view = await viewOf(deps, entry, record);
  entry.view = view;
  const credentials = await issueCredentials(deps, entry, view, record);
  entry.secret = credentials.token;
  await callHook('pre_spawn_start', () => deps.authenticator?.preSpawnStart?.(entry.user.name, entry.name));
  await runAuthStateHook(deps, entry, view);
  await stampStarted(deps, entry);
  await applyGroupOverrides(view, spawner.declaration, log);
  await applyUserOptions(view, spawner.declaration, log);
  await runPreSpawnHook(view);
  const config = readView(view, spawner.declaration);
  const environment = await configuredEnvironment(config, view);
  return { config, credentials, environment, options: view.user_options };
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
    userUrl: entry.baseUrl,
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

async function launch(
  deps: LifecycleDeps,
  entry: ServerEntry,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<ServerAddress> {
  const { config, credentials } = prepared;
  const spawner = await makeSpawner(deps, entry, config);
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
  return bounded(deps.clock, seconds(config.start_timeout), signal, late('start'), (abort) =>
    spawner.start({
      signal: abort,
      spawnId: entry.spawnId ?? '',
      userOptions: prepared.options,
      environment,
      checkpoint: async (state) => {
        abort.throwIfAborted();
        await deps.store.spawners.update(entry.spawnerId, { state });
      },
    }),
  );
}

/** An instance for the entry, as hooks left the configuration or as it stands. */
export async function makeSpawner(
  deps: LifecycleDeps,
  entry: ServerEntry,
  config: SpawnerConfig,
): Promise<Spawner> {
  const groups = await deps.store.groups.byUser(entry.user.id);
  const { outputDir, outputBytes } = deps.settings;
  return deps.spawner.create({
    user: { name: entry.user.name, admin: entry.user.admin, groups: groups.map((group) => group.name) },
    serverName: entry.name,
    config,
    baseUrl: entry.baseUrl,
    log: deps.log.child({ user: entry.user.name, server: entry.name }),
    clock: deps.clock,
    outputDir,
    ...(outputBytes !== undefined && { outputBytes }),
  });
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

async function recordStarted(deps: LifecycleDeps, entry: ServerEntry, address: ServerAddress): Promise<void> {
  const state = entry.spawner?.state() ?? {};
  await deps.store.transaction(async (db) => {
    await db.spawners.setServer(entry.spawnerId, { ...serverColumns(address), baseUrl: entry.baseUrl });
    await db.spawners.update(entry.spawnerId, { state });
  });
  entry.address = address;
}

export function serverColumns(address: ServerAddress): {
  readonly proto: string;
  readonly ip: string;
  readonly port: number;
} {
  if (address.kind === 'unix') return { proto: 'http+unix', ip: address.path, port: 0 };
  return { proto: address.proto, ip: address.host, port: address.port };
}

async function confirm(
  deps: LifecycleDeps,
  entry: ServerEntry,
  address: ServerAddress,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<void> {
  await confirmServer(deps, entry, address, {
    token: prepared.credentials.token,
    timeoutMs: seconds(prepared.config.http_timeout),
    signal,
  });
}

/** Waits for the first answer, watching for death meanwhile, and has the listener prove that it is the server. */
export async function confirmServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  address: ServerAddress,
  options: { readonly token: string | undefined; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { spawner } = entry;
  if (!spawner) throw new Error('confirmServer needs a started spawner');
  const done = new AbortController();
  const signal = AbortSignal.any([options.signal, done.signal]);
  const { clock, log } = deps;
  const probe = { address, baseUrl: entry.baseUrl, clock, log, signal, timeoutMs: options.timeoutMs };
  try {
    const answer = await Promise.race([waitUntilReady(probe), watchForDeath(spawner, clock, signal)]);
    entry.version = answer.version;
    await proveIdentity(probe, spawner, options.token);
  } finally {
    done.abort();
  }
}

function late(what: string): () => Fault {
  return () =>
    new Fault('SPAWN_TIMEOUT', 'The server took too long to start.', {
      reason: 'timeout',
      detail: `start_timeout passed in: ${what}`,
    });
}

function seconds(value: number): number {
  return value * 1000;
}
