import type Database from 'better-sqlite3';
import type { Query } from '../sql.js';
import { driver } from './driver.js';

/** Distinct statements kept prepared; the hot ones number about fifty, the rest are lists of varying length. */
const MAX_STATEMENTS = 300;

/** One connection with its prepared statements, kept by text. Throws SQLite's own errors. */
export class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  /** @param patienceMs how long SQLite itself waits for a lock, blocking the process: keep it short */
  constructor(file: string, options: { readonly patienceMs: number; readonly readonly?: boolean }) {
    this.#database = new driver(file, {
      timeout: options.patienceMs,
      ...(options.readonly ? { readonly: true, fileMustExist: true } : {}),
    });
  }

  rows<Row>(query: Query<Row>): readonly Row[] {
    const statement = this.#prepare(query.sql);
    const parameters = bindable(query.parameters);
    if (statement.reader) return statement.all(parameters) as Row[];
    statement.run(parameters);
    return [];
  }

  /** Number of rows changed. */
  run(query: Query<unknown>): number {
    const statement = this.#prepare(query.sql);
    const parameters = bindable(query.parameters);
    return statement.reader ? statement.all(parameters).length : statement.run(parameters).changes;
  }

  /** Statements without parameters or results. */
  script(text: string): void {
    this.#database.exec(text);
  }

  pragma(text: string): unknown {
    return this.#database.pragma(text, { simple: true });
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(text: string): Database.Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) {
      if (this.#statements.size > MAX_STATEMENTS / 2) {
        // Back to the young end of the map's order; while few are kept, none is about to be dropped.
        this.#statements.delete(text);
        this.#statements.set(text, known);
      }
      return known;
    }
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    return statement;
  }
}

/** SQLite has no booleans. */
function bindable(parameters: readonly unknown[]): readonly unknown[] {
  return parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value));
}
