/** Connections to PostgreSQL that speak the store's value forms and wait for nothing without end. */
import pg from 'pg';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import type { DatabaseOptions } from '../url.js';

export interface Location {
  readonly url: string;
  /** Without password, for messages. */
  readonly shown: string;
}

const STATEMENT_MS = 30_000;
const LOCK_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 15_000;
/** On our side too, for a server that no longer answers at all. */
const ANSWER_MS = STATEMENT_MS + 5_000;

const INT8 = 20;
const TIMESTAMP = 1114;

export class ConnectionPool {
  readonly #pool: pg.Pool;
  readonly #log: Log;
  readonly #known = new WeakSet<pg.PoolClient>();

  constructor({ url }: Location, options: DatabaseOptions, log: Log) {
    this.#log = log;
    this.#pool = new pg.Pool({
      connectionString: withSslMode(url, options.sslMode),
      application_name: 'anteroom',
      max: options.poolSize,
      maxLifetimeSeconds: options.recycleSeconds,
      connectionTimeoutMillis: options.connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
    });
    // An idle connection broke; the pool has dropped it and makes another when needed.
    this.#pool.on('error', (error) => log.warn('lost an idle database connection', { error: error.message }));
  }

  async acquire(): Promise<pg.PoolClient> {
    const client = await this.#pool.connect();
    if (this.#known.has(client)) return client;
    // Without a listener a connection that breaks while it is ours would end the process; the query under way or the
    // next one tells.
    client.on('error', (error) => this.#log.debug('database connection broke', { error: error.message }));
    try {
      // By statement, not as start-up parameters: connection poolers refuse those.
      await client.query(
        `set datestyle = 'ISO'; set statement_timeout = ${STATEMENT_MS}; set lock_timeout = ${LOCK_MS};
         set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}; set standard_conforming_strings = on`,
      );
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#known.add(client);
    return client;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** Times as text in the database's form, whole numbers as numbers. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === TIMESTAMP) return sixDigits;
  if (oid === INT8) return Number;
  return pg.types.getTypeParser(oid, format ?? 'text');
}

/** PostgreSQL leaves trailing zeros of the fraction away. */
function sixDigits(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}

/** libpq's meanings (`require` does not verify), which is what such a URL meant to JupyterHub. */
function withSslMode(url: string, option: string | undefined): string {
  const [base = '', search = ''] = url.split('?');
  const parameters = new URLSearchParams(search);
  const mode = parameters.get('sslmode') ?? option;
  parameters.delete('sslmode');
  if (
    mode !== undefined &&
    !['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'].includes(mode)
  ) {
    throw new Fault(
      'DATABASE_URL',
      `sslmode ${mode} is unknown: use disable, require, verify-ca or verify-full.`,
    );
  }
  // `allow` and `prefer` work without TLS, and that is what is done.
  if (mode !== undefined && mode !== 'allow' && mode !== 'prefer') {
    parameters.set('sslmode', mode);
    parameters.set('uselibpqcompat', 'true');
  }
  const text = parameters.toString();
  return text === '' ? base : `${base}?${text}`;
}
