/**
 * The hub's database. Owns JupyterHub's tables and ours (`anteroom_*`), everything SQL, and the process's hold on
 * its database. Owns no rule about rights, tokens or servers. `types.ts` is the contract; the rest of the hub sees
 * only what this file exports.
 */
import { type Clock, systemClock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import { discreet } from './discreet.js';
import { echoing } from './echo.js';
import type { Engine } from './engine.js';
import type { DatabaseKind } from './inspection.js';
import { inspectSqlite, openSqlite, resetSqlite, type Upgrade, upgradeSqlite } from './sqlite/file.js';
import { storeOver } from './store.js';
import type { Store } from './types.js';
import { type DatabaseLocation, type DatabaseOptions, parseDatabaseKwargs, parseDatabaseUrl } from './url.js';

export { AlreadyExists, Conflict, NotFound } from './errors.js';
export type { DatabaseKind } from './inspection.js';
export { ALEMBIC_HEAD } from './schema.js';
export type { Upgrade } from './sqlite/file.js';
export type * from './types.js';

export interface StoreOptions {
  /** `c.JupyterHub.db_url`. */
  readonly url: string;
  /** `c.JupyterHub.db_kwargs`. */
  readonly kwargs?: JsonObject;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Opens the database, creating its tables when it is empty. Dispose of the store to close it.
 *
 * @throws Fault (codes `DATABASE_*`) saying what is wrong, where, and what to do
 */
export async function openStore({ url, kwargs, log, clock }: StoreOptions): Promise<Store> {
  const location = parseDatabaseUrl(url);
  const options = parseDatabaseKwargs(kwargs);
  const engine = await openEngine(location, { options, log, clock });
  return storeOver(discreet(options.echo ? echoing(engine, log) : engine), clock);
}

/**
 * As `openStore`, for a command that may run while a hub does: on an SQLite file in use it works beside that hub.
 * `alone` is false then, and the database is to be taken as it is.
 */
export async function openStoreBeside({
  url,
  kwargs,
  log,
  clock,
}: StoreOptions): Promise<{ readonly store: Store; readonly alone: boolean }> {
  const location = parseDatabaseUrl(url);
  const options = parseDatabaseKwargs(kwargs);
  if (location.dialect !== 'sqlite')
    return { store: await openStore({ url, ...(kwargs && { kwargs }), log, clock }), alone: true };
  const engine = openSqlite(location.file, { options, log, clock, mayBeGuest: true });
  return { store: storeOver(discreet(engine), clock), alone: !engine.guest };
}

async function openEngine(
  location: DatabaseLocation,
  options: { readonly options: DatabaseOptions; readonly log: Log; readonly clock: Clock },
): Promise<Engine> {
  if (location.dialect === 'sqlite') return openSqlite(location.file, options);
  // Loaded only when asked for: most hubs run on SQLite.
  const { openPostgresql } = await import('./postgresql/server.js');
  return openPostgresql(location, options);
}

/** Looks, changes nothing. @throws Fault when the database cannot be reached */
export async function inspectDatabase(url: string, kwargs?: JsonObject): Promise<DatabaseKind> {
  const location = parseDatabaseUrl(url);
  if (location.dialect === 'sqlite') return inspectSqlite(location.file);
  const { inspectPostgresql } = await import('./postgresql/server.js');
  return inspectPostgresql(location, parseDatabaseKwargs(kwargs));
}

/**
 * `anteroom upgrade-db`: creates or migrates our own tables only; an SQLite file is copied first.
 *
 * @throws Fault as `openStore`, DATABASE_IN_USE while a hub runs
 */
export async function upgradeDatabase(
  url: string,
  clock: Clock = systemClock,
  kwargs?: JsonObject,
): Promise<Upgrade> {
  const location = parseDatabaseUrl(url);
  if (location.dialect === 'sqlite') {
    return location.file === null ? { backup: null, from: null, to: 0 } : upgradeSqlite(location.file, clock);
  }
  const { upgradePostgresql } = await import('./postgresql/server.js');
  return upgradePostgresql(location, parseDatabaseKwargs(kwargs));
}

/** `c.JupyterHub.reset_db`: drops JupyterHub's tables and ours, and nothing else. */
export async function resetDatabase(url: string, kwargs?: JsonObject): Promise<void> {
  const location = parseDatabaseUrl(url);
  if (location.dialect === 'sqlite') return resetSqlite(location.file);
  const { resetPostgresql } = await import('./postgresql/server.js');
  return resetPostgresql(location, parseDatabaseKwargs(kwargs));
}
