import { messageOf } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { ServerName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import { NotFound } from '../store/errors.js';
import type { Repositories, SpawnerRecord, UserRecord } from '../store/types.js';
import { type ServerEntry, serverLabel } from './entry.js';
import { callHook } from './hooks.js';
import { makeSpawner } from './launch.js';
import { optionsForm, optionsFromForm } from './options.js';
import { viewOf } from './prepare.js';
import type { LifecycleDeps, ServerForms, StartRequest } from './types.js';

/** What is asked of servers that are not running: their form, their row, their end, another name. */

const RENAME_MS = 60_000;

/** The options form of one request, after `auth_state_hook` had its say once (JupyterHub 6.1.1 SpawnHandler). */
export async function formsOf(deps: LifecycleDeps, entry: ServerEntry): Promise<ServerForms> {
  const record = await deps.store.spawners.find(entry.user.id, entry.name);
  const view = await viewOf(deps, entry, record);
  const hook = deps.spawner.config.auth_state_hook;
  if (hook) {
    const authState = await deps.authState(entry.user);
    await callHook('auth_state_hook', () => hook(view, authState));
  }
  return {
    html: () => optionsForm(deps.spawner, view),
    read: (form) => optionsFromForm(deps.spawner, form, view),
  };
}

/** @throws Fault 400 in words for options that the spawner does not offer */
export async function checkOptions(
  deps: LifecycleDeps,
  entry: ServerEntry,
  options: JsonObject,
): Promise<void> {
  const { choices } = deps.spawner;
  if (!choices) return;
  const view = await viewOf(deps, entry);
  view.user_options = options;
  await choices.check(options, view);
}

/** What the spawner keeps beyond the server's life (output files, volumes). */
export async function forgetSpawner(deps: LifecycleDeps, entry: ServerEntry): Promise<void> {
  const record = await deps.store.spawners.find(entry.user.id, entry.name);
  const kept = deps.spawner.keptState(record?.state ?? {});
  const spawner = await makeSpawner(deps, entry, deps.spawner.config, kept);
  await spawner.deleteForever?.();
}

/** The row changes its name; a default server that goes leaves a fresh one. */
export async function renameServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  newName: ServerName,
  operationId: string,
): Promise<void> {
  const record = await existing(deps, entry);
  const now = deps.clock.now();
  await deps.store.operations.begin({
    spawnerId: record.id,
    kind: 'rename',
    spawnId: operationId,
    startedAt: timestamp(now),
    deadline: timestamp(now + RENAME_MS),
  });
  try {
    const spawner = await makeSpawner(deps, entry, deps.spawner.config);
    await spawner.rename?.(entry.name, newName);
    await deps.store.transaction(async (db) => {
      await db.spawners.update(record.id, { name: newName });
      if (entry.name === '') await db.spawners.create({ userId: entry.user.id, name: entry.name });
    });
  } finally {
    await deps.store.operations.end(record.id, operationId);
  }
}

async function existing(deps: LifecycleDeps, entry: ServerEntry): Promise<SpawnerRecord> {
  const record = await deps.store.spawners.find(entry.user.id, entry.name);
  if (!record) throw new NotFound('This server does not exist.');
  return record;
}

/**
 * The row of a server whose start waits: pages and the event stream know it by its row.
 * @returns its id when it was made here
 */
export async function ensureRow(
  deps: LifecycleDeps,
  entry: ServerEntry,
  { displayName }: Pick<StartRequest, 'displayName'>,
): Promise<number | undefined> {
  return deps.store.transaction(async (db) => {
    await ownerOf(db, entry);
    if (await db.spawners.find(entry.user.id, entry.name)) return undefined;
    const named = displayName === undefined ? {} : { displayName };
    return (await db.spawners.create({ userId: entry.user.id, name: entry.name, ...named })).id;
  });
}

/**
 * The user of a server as they are now. Whoever asked for a start may have been deleted or renamed since, and their
 * number be somebody else's.
 * @throws NotFound
 */
export async function ownerOf(db: Pick<Repositories, 'users'>, { user }: ServerEntry): Promise<UserRecord> {
  const now = await db.users.byId(user.id);
  if (now?.name !== user.name) throw new NotFound('The user of this server does not exist any more.');
  return now;
}

/** A named server that was only asked for is not kept; it is as if nobody had asked. */
export async function forgetRow(
  deps: LifecycleDeps,
  entry: ServerEntry,
  row: Promise<number | undefined>,
): Promise<void> {
  try {
    const id = await row;
    if (id !== undefined && entry.name !== '') await deps.store.spawners.delete(id);
  } catch (error) {
    deps.log.warn('the row of a start that never began could not be removed', {
      server: serverLabel(entry),
      error: messageOf(error),
    });
  }
}
