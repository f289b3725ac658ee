/** Opening, inspecting, upgrading and resetting a PostgreSQL database. */
import { type Clock, systemClock } from '../../../core/clock.js';
import { type Log, silentLog } from '../../../core/log.js';
import type { Engine, Transaction } from '../engine.js';
import { type Catalog, type DatabaseKind, judge, refuseOutdated, refuseUnusable } from '../inspection.js';
import { builtInClient, creation, migrations, missingTables, orphanedOperations } from '../migrations.js';
import { ANTEROOM_TABLES, MIGRATIONS } from '../own-schema.js';
import { JUPYTERHUB_TABLES } from '../schema.js';
import { POSTGRESQL, type Query } from '../sql.js';
import type { Upgrade } from '../sqlite/file.js';
import type { DatabaseOptions } from '../url.js';
import { PostgresqlEngine } from './engine.js';
import { ConnectionPool, type Location } from './pool.js';

/** Two hubs that start at once: the second finds the tables made. */
const SETUP_LOCK = 0x61_6e_74_02;

export interface OpenOptions {
  readonly options: DatabaseOptions;
  readonly log: Log;
  readonly clock: Clock;
}

export async function openPostgresql(
  location: Location,
  { options, log, clock }: OpenOptions,
): Promise<Engine> {
  const pool = new ConnectionPool(location, options, log);
  const engine = new PostgresqlEngine({ pool, shown: location.shown, clock, log });
  try {
    await prepare(engine, location.shown, false);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

export async function inspectPostgresql(location: Location, options: DatabaseOptions): Promise<DatabaseKind> {
  return withEngine(location, options, async (engine) => judge(await catalog((query) => engine.read(query))));
}

/** Creates or migrates our own tables. The backup is the database's own affair (`pg_dump`). */
export async function upgradePostgresql(location: Location, options: DatabaseOptions): Promise<Upgrade> {
  return withEngine(location, options, async (engine) => {
    const found = judge(await catalog((query) => engine.read(query)));
    refuseUnusable(found, location.shown);
    await prepare(engine, location.shown, true);
    const from = found.kind === 'jupyterhub' ? found.anteroom : null;
    return { backup: null, from, to: MIGRATIONS.length };
  });
}

/** Drops JupyterHub's tables and ours. */
export async function resetPostgresql(location: Location, options: DatabaseOptions): Promise<void> {
  await withEngine(location, options, (engine) =>
    engine.transaction(
      async (transaction) => {
        for (const table of [...ANTEROOM_TABLES, ...JUPYTERHUB_TABLES].reverse()) {
          await transaction.run(text(`drop table if exists ${table} cascade`));
        }
      },
      () => undefined,
    ),
  );
}

/**
 * Brings the database to this version, or refuses it. All in one transaction: what another hub finds that starts
 * meanwhile is an empty database, or a whole one.
 */
async function prepare(engine: PostgresqlEngine, shown: string, upgrade: boolean): Promise<void> {
  await engine.exclusive(SETUP_LOCK, async (transaction) => {
    const seen = await catalog((query) => transaction.rows(query));
    const found = judge(seen);
    refuseUnusable(found, shown);
    if (!upgrade) refuseOutdated(found, shown);
    const tables = found.kind === 'empty' ? creation(POSTGRESQL) : missingTables(POSTGRESQL, seen.tables);
    await execute(transaction, tables);
    const version = found.kind === 'jupyterhub' ? found.anteroom : null;
    await execute(transaction, migrations(POSTGRESQL, version));
    await execute(transaction, [builtInClient(POSTGRESQL), orphanedOperations(POSTGRESQL)]);
  });
}

async function catalog(rows: <Row>(query: Query<Row>) => Promise<readonly Row[]>): Promise<Catalog> {
  const found = await rows<{ tablename: string }>(
    text('select tablename from pg_tables where schemaname = current_schema()'),
  );
  const tables = found.map((row) => row.tablename);
  const revision = tables.includes('alembic_version')
    ? (await rows<{ version_num: string }>(text('select version_num from alembic_version')))[0]?.version_num
    : undefined;
  const anteroom = tables.includes('anteroom_schema')
    ? (await rows<{ version: number }>(text('select version from anteroom_schema')))[0]?.version
    : undefined;
  return { tables, revision, anteroom };
}

function text<Row>(sql: string): Query<Row> {
  return { sql, parameters: [] };
}

async function execute(transaction: Transaction, statements: readonly Query<unknown>[]): Promise<void> {
  for (const statement of statements) await transaction.run(statement);
}

async function withEngine<T>(
  location: Location,
  options: DatabaseOptions,
  use: (engine: PostgresqlEngine) => Promise<T>,
): Promise<T> {
  const pool = new ConnectionPool(location, options, silentLog);
  const engine = new PostgresqlEngine({ pool, shown: location.shown, clock: systemClock, log: silentLog });
  try {
    return await use(engine);
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
