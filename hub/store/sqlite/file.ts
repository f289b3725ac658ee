/** Opening, inspecting, upgrading and resetting an SQLite file. */
import { constants, copyFileSync, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../../core/clock.js';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import type { Engine } from '../engine.js';
import { type Catalog, type DatabaseKind, judge, refuseOutdated, refuseUnusable } from '../inspection.js';
import { builtInClient, creation, migrations, missingTables, orphanedOperations } from '../migrations.js';
import { ANTEROOM_TABLES, MIGRATIONS } from '../own-schema.js';
import { JUPYTERHUB_TABLES } from '../schema.js';
import { type Query, SQLITE } from '../sql.js';
import type { DatabaseOptions } from '../url.js';
import { Connection } from './connection.js';
import { SqliteEngine } from './engine.js';
import { sqliteFault } from './faults.js';
import { lockDatabase } from './lock.js';

/** SQLite waits this long by itself, which blocks the process; the rest of the patience is awaited. */
const BLOCKING_MS = 50;
/** At start nothing else runs in the process yet. */
const START_MS = 5_000;

export interface OpenOptions {
  readonly options: DatabaseOptions;
  readonly log: Log;
  readonly clock: Clock;
  /** Where a hub runs on the file, work beside it as its guest: nothing is created, migrated or switched. */
  readonly mayBeGuest?: boolean;
}

/** @param file `null`: in memory */
export function openSqlite(file: string | null, open: OpenOptions): Engine & { readonly guest: boolean } {
  const { options, log, clock } = open;
  const shown = file ?? ':memory:';
  if (file !== null) requireFolder(file);
  const lock = file === null ? undefined : lockOrGuest(file, open.mayBeGuest ?? false);
  const guest = file !== null && lock === undefined;
  const opened: Connection[] = [];
  try {
    const writer = new Connection(file ?? ':memory:', { patienceMs: START_MS });
    opened.push(writer);
    check(writer, shown);
    if (guest) writer.pragma('foreign_keys = on');
    else {
      if (file !== null) useWal(writer, file, log);
      prepare(writer);
    }
    const reader = file === null ? writer : new Connection(file, { patienceMs: BLOCKING_MS, readonly: true });
    if (reader !== writer) opened.push(reader);
    writer.pragma(`busy_timeout = ${BLOCKING_MS}`);
    return new SqliteEngine({
      file: shown,
      writer,
      reader,
      patienceMs: options.lockTimeoutMs,
      clock,
      log,
      lock,
      guest,
    });
  } catch (error) {
    for (const connection of opened.reverse()) connection.close();
    lock?.[Symbol.dispose]();
    throw sqliteFault(error, shown);
  }
}

function lockOrGuest(file: string, mayBeGuest: boolean): Disposable | undefined {
  try {
    return lockDatabase(file);
  } catch (error) {
    if (mayBeGuest && error instanceof Fault && error.code === 'DATABASE_IN_USE') return undefined;
    throw error;
  }
}

/** Never writes, never creates. */
export function inspectSqlite(file: string | null): DatabaseKind {
  if (file !== null) requireFolder(file);
  if (file === null || !existsSync(file) || statSync(file).size === 0) return { kind: 'empty' };
  return withConnection(file, { readonly: true }, (connection) => judge(catalog(connection)));
}

export interface Upgrade {
  /** Path of the copy made first; `null` when there was nothing to copy. */
  readonly backup: string | null;
  /** Versions of our own tables. */
  readonly from: number | null;
  readonly to: number;
}

/** Copies the file, then creates or migrates our own tables. Of JupyterHub's, only what is missing is made. */
export function upgradeSqlite(file: string, clock: Clock): Upgrade {
  requireFolder(file);
  using _lock = lockDatabase(file);
  const found = inspectSqlite(file);
  refuseUnusable(found, file);
  const to = MIGRATIONS.length;
  const from = found.kind === 'jupyterhub' ? found.anteroom : null;
  if (from === to) return { backup: null, from, to };
  let backup: string | null = null;
  if (found.kind !== 'empty') {
    // What is still in the -wal belongs into the copy.
    withConnection(file, {}, (connection) => connection.pragma('journal_mode = delete'));
    backup = copyAside(file, clock);
  }
  withConnection(file, {}, (connection) => prepare(connection));
  return { backup, from, to };
}

/** Drops JupyterHub's tables and ours (`c.JupyterHub.reset_db`). */
export function resetSqlite(file: string | null): void {
  if (file === null || !existsSync(file)) return;
  using _lock = lockDatabase(file);
  withConnection(file, {}, (connection) => {
    connection.pragma('foreign_keys = off');
    inTransaction(connection, () => {
      for (const table of [...ANTEROOM_TABLES, ...JUPYTERHUB_TABLES].reverse()) {
        connection.script(`drop table if exists ${table}`);
      }
    });
  });
}

/** Refuses a database that is not for this hub, before anything in it is touched. */
function check(writer: Connection, shown: string): void {
  const found = judge(catalog(writer));
  refuseUnusable(found, shown);
  refuseOutdated(found, shown);
}

/** Brings the database to this version; all at once, so that a hub killed meanwhile leaves none between versions. */
function prepare(writer: Connection): void {
  writer.pragma('foreign_keys = on');
  inTransaction(writer, () => {
    const { tables, anteroom } = catalog(writer);
    execute(writer, tables.length === 0 ? creation(SQLITE) : missingTables(SQLITE, tables));
    execute(writer, migrations(SQLITE, anteroom ?? null));
    execute(writer, [builtInClient(SQLITE), orphanedOperations(SQLITE)]);
  });
}

/** File systems without shared memory (some network ones) stay with a rollback journal. */
function useWal(writer: Connection, file: string, log: Log): void {
  const mode = writer.pragma('journal_mode = wal');
  if (mode === 'wal') writer.pragma('synchronous = normal');
  else log.warn('the database cannot use a write-ahead log here: writes will be slower', { file, mode });
}

function catalog(connection: Connection): Catalog {
  const tables = connection
    .rows<{ name: string }>(
      text("select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"),
    )
    .map((row) => row.name);
  const revision = tables.includes('alembic_version')
    ? connection.rows<{ version_num: string }>(text('select version_num from alembic_version'))[0]
        ?.version_num
    : undefined;
  const anteroom = tables.includes('anteroom_schema')
    ? connection.rows<{ version: number }>(text('select version from anteroom_schema'))[0]?.version
    : undefined;
  return { tables, revision, anteroom };
}

function text<Row>(sql: string): Query<Row> {
  return { sql, parameters: [] };
}

function execute(connection: Connection, statements: readonly Query<unknown>[]): void {
  for (const statement of statements) connection.run(statement);
}

function inTransaction(connection: Connection, work: () => void): void {
  connection.script('begin immediate');
  try {
    work();
    connection.script('commit');
  } finally {
    if (connection.inTransaction) connection.script('rollback');
  }
}

function withConnection<T>(
  file: string,
  options: { readonly readonly?: boolean },
  use: (c: Connection) => T,
): T {
  let connection: Connection | undefined;
  try {
    connection = new Connection(file, { patienceMs: START_MS, ...options });
    return use(connection);
  } catch (error) {
    throw sqliteFault(error, file);
  } finally {
    connection?.close();
  }
}

function requireFolder(file: string): void {
  const folder = dirname(file);
  if (!existsSync(folder)) {
    throw new Fault(
      'DATABASE_UNREACHABLE',
      `The folder ${folder} of the database does not exist: create it, or set c.JupyterHub.db_url to another file.`,
    );
  }
  if (existsSync(file) && statSync(file).isDirectory()) {
    throw new Fault(
      'DATABASE_UNREACHABLE',
      `The database ${file} is a folder: set c.JupyterHub.db_url to a file.`,
    );
  }
}

/** `FILE.YYYY-MM-DD-HHMMSS` in local time, as JupyterHub's upgrade-db names it. */
function copyAside(file: string, clock: Clock): string {
  const now = new Date(clock.now());
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const stamp = `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const copy = `${file}.${stamp}`;
  if (existsSync(copy)) {
    throw new Fault('DATABASE_BACKUP', `The backup ${copy} exists already: try again in a second.`);
  }
  copyFileSync(file, copy, constants.COPYFILE_EXCL);
  return copy;
}
