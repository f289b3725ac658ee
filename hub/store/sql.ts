/**
 * Queries as text plus parameters. Kysely builds them; nothing here executes. `hot` builds a query once per
 * dialect and only swaps its parameters afterwards (building costs ten times what a prepared read does).
 */
import {
  type Compilable,
  DummyDriver,
  type Expression,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  type SqlBool,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { Timestamp } from '../../core/model/time.js';
import type { Tables } from './tables.js';

export type Dialect = 'sqlite' | 'postgresql';

/** A compiled query; `Row` is what its rows look like. */
export interface Query<Row> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Never set: carries the type. */
  readonly row?: Row;
}

/** Many values in one parameter: JSON text on SQLite, an array on PostgreSQL. Made by `Sql.list`. */
declare const many: unique symbol;
export type Many<T> = { readonly [many]: T };

/** Everything that depends on the dialect when a query is built. */
export interface Sql {
  readonly dialect: Dialect;
  readonly db: Kysely<Tables>;
  list<T extends string | number>(values: readonly T[]): Many<T>;
  /** `column IN (values)`, with one parameter whatever their number. */
  among<T extends string | number>(column: Expression<unknown>, values: Many<T>): RawBuilder<SqlBool>;
  /** Case-insensitive LIKE as SQLAlchemy's `ilike` renders it. */
  like(column: Expression<unknown>, pattern: string): RawBuilder<SqlBool>;
  /** A relation `v(id, at)` of the given pairs. */
  pairs(activity: readonly (readonly [number, Timestamp])[]): RawBuilder<unknown>;
}

export const SQLITE: Sql = {
  dialect: 'sqlite',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  list: <T>(values: readonly T[]) => JSON.stringify(values) as unknown as Many<T>,
  among: (column, values) => sql<SqlBool>`${column} in (select value from json_each(${values}))`,
  like: (column, pattern) => sql<SqlBool>`lower(${column}) like lower(${pattern})`,
  pairs: (activity) =>
    sql`(select json_extract(value, '$[0]') as id, json_extract(value, '$[1]') as at from json_each(${JSON.stringify(activity)})) as v`,
};

export const POSTGRESQL: Sql = {
  dialect: 'postgresql',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  list: <T>(values: readonly T[]) => values as unknown as Many<T>,
  among: (column, values) => sql<SqlBool>`${column} = any(${values})`,
  like: (column, pattern) => sql<SqlBool>`${column} ilike ${pattern}`,
  pairs: (activity) =>
    sql`unnest(${activity.map(([id]) => id)}::int[], ${activity.map(([, at]) => at)}::timestamp[]) as v(id, at)`,
};

/** Compiles a query that is used once. */
export function query<Row>(builder: Compilable<Row>): Query<Row> {
  return builder.compile() as Query<Row>;
}

/** Compiles hand-written SQL. */
export function raw<Row>(builder: RawBuilder<Row>, dialect: Sql): Query<Row> {
  return builder.compile(dialect.db) as Query<Row>;
}

/** Hand-written SQL where a builder is asked for, e.g. by `hot`. */
export function compilable<Row>(dialect: Sql, builder: RawBuilder<Row>): Compilable<Row> {
  return { compile: () => builder.compile(dialect.db) };
}

/** Stands for the argument at `index` while a hot query is built. */
class Slot {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * A query built once: `build` sees place-holders instead of its arguments, so it may only hand them to Kysely as
 * values, never look at them.
 */
export function hot<Args extends readonly unknown[], Row>(
  build: (sql: Sql, ...args: Args) => Compilable<Row>,
): (dialect: Sql, ...args: Args) => Query<Row> {
  const compiled = new Map<Dialect, Query<Row>>();
  const slots = Array.from({ length: Math.max(0, build.length - 1) }, (_, index) => new Slot(index));
  return (dialect, ...args) => {
    let known = compiled.get(dialect.dialect);
    if (known === undefined) {
      known = query(build(dialect, ...(slots as unknown as Args)));
      compiled.set(dialect.dialect, known);
    }
    return {
      sql: known.sql,
      parameters: known.parameters.map((value) => (value instanceof Slot ? args[value.index] : value)),
    };
  };
}
