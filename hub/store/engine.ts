/** What a database must do for the store; hub/store/sqlite and hub/store/postgresql each have one. */
import type { Query, Sql } from './sql.js';

/** One open transaction. Its methods throw once it is over. */
export interface Transaction {
  rows<Row>(query: Query<Row>): Promise<readonly Row[]>;
  run(query: Query<unknown>): Promise<number>;
}

export interface Engine extends AsyncDisposable {
  readonly sql: Sql;
  read<Row>(query: Query<Row>): Promise<readonly Row[]>;
  /**
   * Runs `work` in a transaction, alone among this process's writers. `work` may run again when the database asks
   * for it (serialization failure, deadlock). `committed` is called at once after the commit.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, committed: () => void): Promise<T>;
  ping(): Promise<void>;
}
