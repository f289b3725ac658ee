/**
 * How repositories reach the database, whichever it is and whether inside a transaction or not.
 * Owns the two interfaces that the SQLite and PostgreSQL sides implement, and nothing that executes.
 */
import type { Query, Sql } from './sql.js';

/** Work inside one transaction. */
export interface Session {
  readonly sql: Sql;
  rows<Row>(query: Query<Row>): Promise<readonly Row[]>;
  /** Number of rows that the statement changed. */
  run(query: Query<unknown>): Promise<number>;
  /** What decides rights has changed: bumps the rights epoch once the transaction is committed. */
  rightsChanged(): void;
}

export interface Access {
  readonly sql: Sql;
  read<Row>(query: Query<Row>): Promise<readonly Row[]>;
  /** Runs `work` atomically: in the transaction that this access is bound to, or in one of its own. */
  write<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/** Longest list that goes into one statement. */
const BATCH = 1000;

export function* batches<T>(items: readonly T[], size = BATCH): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

const MAX_ID = 2 ** 31 - 1;

/** Ids come from URLs too; PostgreSQL answers an error to one that is no INTEGER. */
export function isId(id: number): boolean {
  return Number.isInteger(id) && id > 0 && id <= MAX_ID;
}
