/**
 * PostgreSQL as an engine: reads on any connection of a pool, writers one after the other in serializable
 * transactions, which are run again when the server asks for it.
 */
import type pg from 'pg';
import type { Clock } from '../../../core/clock.js';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import type { Engine, Transaction } from '../engine.js';
import { ForeignWaitGuard } from '../guard.js';
import { Mutex } from '../mutex.js';
import { POSTGRESQL, type Query, type Sql } from '../sql.js';
import { isLost, isRetryable, postgresqlFault } from './faults.js';
import type { ConnectionPool } from './pool.js';

const MAX_ATTEMPTS = 6;
const BACKOFF_MS = 10;
/** A writer may wait for one slow statement before it. */
const WRITER_PATIENCE_MS = 40_000;

export interface PostgresqlEngineOptions {
  readonly pool: ConnectionPool;
  readonly shown: string;
  readonly clock: Clock;
  readonly log: Log;
}

type Isolation = 'serializable' | 'read committed';

type Outcome<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly cause: unknown };

export class PostgresqlEngine implements Engine {
  readonly sql: Sql = POSTGRESQL;
  readonly #options: PostgresqlEngineOptions;
  readonly #mutex = new Mutex(WRITER_PATIENCE_MS);
  #closing = false;

  constructor(options: PostgresqlEngineOptions) {
    this.#options = options;
  }

  async read<Row>(query: Query<Row>): Promise<readonly Row[]> {
    this.#refuseClosed();
    try {
      return await this.#readOnce(query);
    } catch (error) {
      if (!isLost(error)) throw postgresqlFault(error, this.#options.shown);
      this.#options.log.warn('lost the database connection, trying another', { error: String(error) });
    }
    try {
      return await this.#readOnce(query);
    } catch (error) {
      throw postgresqlFault(error, this.#options.shown);
    }
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>, committed: () => void): Promise<T> {
    return this.#transaction('serializable', work, committed);
  }

  /**
   * One transaction that holds the advisory lock `lock` and sees what its former holders committed. A serializable
   * one would not: its snapshot is taken before it waits for the lock.
   */
  exclusive<T>(lock: number, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#transaction(
      'read committed',
      async (transaction) => {
        await transaction.rows({ sql: `select pg_advisory_xact_lock(${lock})`, parameters: [] });
        return work(transaction);
      },
      () => undefined,
    );
  }

  async ping(): Promise<void> {
    await this.read({ sql: 'select 1', parameters: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return;
    // Whoever is in the writers' queue already is served before the pool ends.
    await this.#mutex.run(async () => {
      this.#closing = true;
      await this.#options.pool.close();
    });
  }

  async #transaction<T>(
    isolation: Isolation,
    work: (transaction: Transaction) => Promise<T>,
    committed: () => void,
  ): Promise<T> {
    this.#refuseClosed();
    return this.#mutex.run(async () => {
      this.#refuseClosed();
      const { clock, log, shown } = this.#options;
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.#attempt(isolation, work, committed);
        if (outcome.done) return outcome.value;
        const attempts = isRetryable(outcome.cause) ? MAX_ATTEMPTS : 2;
        if (attempt >= attempts) throw postgresqlFault(outcome.cause, shown);
        log.debug('running a transaction again', { attempt, error: String(outcome.cause) });
        await clock.sleep(BACKOFF_MS * 2 ** attempt * (0.5 + Math.random()));
      }
    });
  }

  async #readOnce<Row>(query: Query<Row>): Promise<readonly Row[]> {
    const client = await this.#options.pool.acquire();
    try {
      const result = await send<Row>(client, query);
      client.release();
      return result.rows;
    } catch (error) {
      client.release(isLost(error));
      throw error;
    }
  }

  /** One run of the transaction. Not done: it left nothing behind and may be run again. Throws what is final. */
  async #attempt<T>(
    isolation: Isolation,
    work: (transaction: Transaction) => Promise<T>,
    committed: () => void,
  ): Promise<Outcome<T>> {
    const { pool, shown } = this.#options;
    let client: pg.PoolClient;
    try {
      client = await pool.acquire();
    } catch (error) {
      if (isLost(error)) return { done: false, cause: error };
      throw postgresqlFault(error, shown);
    }
    const guard = new ForeignWaitGuard();
    const open = new OpenTransaction(client, guard, shown);
    let committing = false;
    try {
      await client.query(`begin isolation level ${isolation}`);
      const value = await guard.over(() => work(open));
      open.end();
      if (open.failure !== undefined) throw open.failure;
      committing = true;
      await client.query('commit');
      committed();
      client.release();
      return { done: true, value };
    } catch (error) {
      open.end();
      const cause = open.failure ?? error;
      await giveBack(client, cause);
      if (isRetryable(cause)) return { done: false, cause };
      // Lost before COMMIT was sent, the transaction is gone; lost after, nobody knows.
      if (isLost(cause) && !committing) return { done: false, cause };
      if (committing) committed();
      throw postgresqlFault(cause === open.failure && !isLost(cause) ? error : cause, shown);
    }
  }

  #refuseClosed(): void {
    if (!this.#closing) return;
    throw new Fault('DATABASE_CLOSED', 'The hub is shutting down.', { status: 503 });
  }
}

class OpenTransaction implements Transaction {
  readonly #client: pg.PoolClient;
  readonly #guard: ForeignWaitGuard;
  readonly #shown: string;
  #running = 0;
  #over = false;
  /** What ends this run whatever the work made of it: a lost connection, or the server's wish to run it again. */
  failure: unknown;

  constructor(client: pg.PoolClient, guard: ForeignWaitGuard, shown: string) {
    this.#client = client;
    this.#guard = guard;
    this.#shown = shown;
  }

  async rows<Row>(query: Query<Row>): Promise<readonly Row[]> {
    return (await this.#send<Row>(query)).rows;
  }

  async run(query: Query<unknown>): Promise<number> {
    return (await this.#send(query)).rowCount ?? 0;
  }

  end(): void {
    this.#over = true;
    this.#guard.disarm();
  }

  async #send<Row>(query: Query<Row>): Promise<Result<Row>> {
    if (this.#over) throw new Error('this transaction is over');
    this.#running += 1;
    this.#guard.disarm();
    try {
      return await send<Row>(this.#client, query);
    } catch (error) {
      if (isLost(error) || isRetryable(error)) this.failure ??= error;
      throw postgresqlFault(error, this.#shown);
    } finally {
      this.#running -= 1;
      if (this.#running === 0 && !this.#over) this.#guard.arm();
    }
  }
}

interface Result<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number | null;
}

async function send<Row>(client: pg.PoolClient, query: Query<Row>): Promise<Result<Row>> {
  const result = await client.query({ text: query.sql, values: [...query.parameters] });
  return { rows: result.rows as Row[], rowCount: result.rowCount };
}

/** Rolls back and returns the connection to the pool, or drops it when that does not work. */
async function giveBack(client: pg.PoolClient, cause: unknown): Promise<void> {
  if (isLost(cause)) {
    client.release(true);
    return;
  }
  try {
    await client.query('rollback');
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : true);
  }
}
