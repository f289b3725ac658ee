/**
 * SQLite as an engine: one writer, one reader beside it (WAL), one process per file. In memory there is one
 * connection, and reads wait for an open transaction.
 */
import type { Clock } from '../../../core/clock.js';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import type { Engine, Transaction } from '../engine.js';
import { ForeignWaitGuard } from '../guard.js';
import { Mutex } from '../mutex.js';
import { type Query, SQLITE, type Sql } from '../sql.js';
import type { Connection } from './connection.js';
import { isBusy, sqliteFault } from './faults.js';

const RETRY_MS = 20;

export interface SqliteEngineOptions {
  /** For messages. */
  readonly file: string;
  readonly writer: Connection;
  /** The writer itself when the database is in memory. */
  readonly reader: Connection;
  /** How long to wait for other programs' locks, without blocking the process. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Held until the database is closed. */
  readonly lock: Disposable | undefined;
  /** A hub runs on the file: its journal is the hub's business. */
  readonly guest: boolean;
}

export class SqliteEngine implements Engine {
  readonly sql: Sql = SQLITE;
  readonly #options: SqliteEngineOptions;
  readonly #mutex: Mutex;
  readonly #shared: boolean;
  #closing = false;
  #closed = false;

  constructor(options: SqliteEngineOptions) {
    this.#options = options;
    this.#shared = options.reader === options.writer;
    this.#mutex = new Mutex(options.patienceMs * 2);
  }

  async read<Row>(query: Query<Row>): Promise<readonly Row[]> {
    this.#refuseClosed();
    const { reader } = this.#options;
    if (this.#shared && this.#mutex.held)
      return this.#mutex.run(() => this.#patiently(() => reader.rows(query)));
    try {
      return reader.rows(query);
    } catch (error) {
      if (!isBusy(error)) throw sqliteFault(error, this.#options.file);
    }
    return this.#patiently(() => reader.rows(query));
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>, committed: () => void): Promise<T> {
    this.#refuseClosed();
    return this.#mutex.run(async () => {
      this.#refuseClosed();
      const { writer } = this.#options;
      await this.#patiently(() => writer.script('begin immediate'));
      // From here all that the store does settles within micro-tasks.
      const open = new OpenTransaction(writer, this.#options.file);
      try {
        const value = await new ForeignWaitGuard().over(() => work(open));
        await this.#patiently(() => writer.script('commit'));
        committed();
        return value;
      } finally {
        open.end();
        if (writer.inTransaction) writer.script('rollback');
      }
    });
  }

  async ping(): Promise<void> {
    await this.read({ sql: 'select 1', parameters: [] });
  }

  get guest(): boolean {
    return this.#options.guest;
  }

  /** Checkpoints and returns to `journal_mode=delete`, as JupyterHub expects to find its file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#mutex.run(() => {
      this.#closed = true;
      const { writer, reader, file, log, lock, guest } = this.#options;
      try {
        if (!this.#shared) {
          reader.close();
          if (!guest) leaveWal(writer, file, log);
        }
        writer.close();
      } finally {
        lock?.[Symbol.dispose]();
      }
    });
  }

  #refuseClosed(): void {
    if (!this.#closed) return;
    throw new Fault('DATABASE_CLOSED', 'The hub is shutting down.', { status: 503 });
  }

  /** Tries again while another program holds the lock; awaits between the tries, so the hub goes on answering. */
  async #patiently<T>(attempt: () => T): Promise<T> {
    const { clock, patienceMs, file } = this.#options;
    const deadline = clock.monotonic() + patienceMs;
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || clock.monotonic() >= deadline) throw sqliteFault(error, file);
      }
      await clock.sleep(RETRY_MS);
    }
  }
}

class OpenTransaction implements Transaction {
  readonly #connection: Connection;
  readonly #file: string;
  #over = false;

  constructor(connection: Connection, file: string) {
    this.#connection = connection;
    this.#file = file;
  }

  async rows<Row>(query: Query<Row>): Promise<readonly Row[]> {
    return this.#use((connection) => connection.rows(query));
  }

  async run(query: Query<unknown>): Promise<number> {
    return this.#use((connection) => connection.run(query));
  }

  end(): void {
    this.#over = true;
  }

  #use<T>(statement: (connection: Connection) => T): T {
    if (this.#over) throw new Error('this transaction is over');
    try {
      return statement(this.#connection);
    } catch (error) {
      throw sqliteFault(error, this.#file);
    }
  }
}

function leaveWal(writer: Connection, file: string, log: Log): void {
  try {
    writer.pragma('wal_checkpoint(truncate)');
    writer.pragma('journal_mode = delete');
  } catch (error) {
    // Another program has the file open. With its -wal beside it the database is whole all the same.
    log.warn('database left in WAL mode: another program has it open', { file, error: String(error) });
  }
}
