/** `c.JupyterHub.db_url` and `db_kwargs`, in SQLAlchemy's forms. */
import { resolve } from 'node:path';
import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';

export type DatabaseLocation =
  | { readonly dialect: 'sqlite'; readonly file: string }
  | { readonly dialect: 'sqlite'; readonly file: null }
  | { readonly dialect: 'postgresql'; readonly url: string; readonly shown: string };

/**
 * @param url `sqlite:///relative`, `sqlite:////absolute`, `sqlite://` (memory), `postgresql[+driver]://...`, or the
 * path of an SQLite file (as JupyterHub takes it)
 * @throws Fault DATABASE_URL
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  const [, scheme, rest] = /^([a-z0-9+_]+):\/\/(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return { dialect: 'sqlite', file: resolve(url) };
  const [dialect] = scheme.toLowerCase().split('+');
  if (dialect === 'sqlite') return sqliteLocation(rest);
  if (dialect === 'postgresql' || dialect === 'postgres') {
    const plain = `postgresql://${rest}`;
    return { dialect: 'postgresql', url: plain, shown: withoutPassword(plain) };
  }
  throw new Fault(
    'DATABASE_URL',
    `Databases of the kind ${dialect} are not supported: set c.JupyterHub.db_url to sqlite:///FILE or postgresql://USER@HOST/NAME.`,
  );
}

function sqliteLocation(rest: string): DatabaseLocation {
  const [path = '', parameters] = rest.split('?');
  if (parameters) {
    throw new Fault(
      'DATABASE_URL',
      `Parameters of an SQLite db_url are not supported: remove ?${parameters}.`,
    );
  }
  if (path === '' || path === '/' || path === '/:memory:') return { dialect: 'sqlite', file: null };
  if (!path.startsWith('/')) {
    throw new Fault(
      'DATABASE_URL',
      `c.JupyterHub.db_url needs three slashes before the file: sqlite:///${path}`,
    );
  }
  return { dialect: 'sqlite', file: resolve(path.slice(1)) };
}

/** For logs and messages. */
function withoutPassword(url: string): string {
  return (
    url
      // Up to the last @: a password may hold one.
      .replace(/^(postgresql:\/\/[^:@/?]*):.*@/i, '$1:***@')
      .replace(/([?&]password=)[^&]*/gi, '$1***')
  );
}

/** What of SQLAlchemy's `create_engine` arguments has a meaning here. */
export interface DatabaseOptions {
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly recycleSeconds: number;
  /** How long to wait for a lock. */
  readonly lockTimeoutMs: number;
  /** Log every statement. */
  readonly echo: boolean;
  /** PostgreSQL only. */
  readonly sslMode: string | undefined;
}

const NUMBERS = ['pool_size', 'max_overflow', 'pool_timeout', 'pool_recycle'] as const;
const CONNECT_ARGS = ['timeout', 'connect_timeout', 'check_same_thread', 'sslmode'] as const;

/** @throws Fault DATABASE_KWARGS naming each argument that would be ignored */
export function parseDatabaseKwargs(kwargs: JsonObject = {}): DatabaseOptions {
  const connect = kwargs['connect_args'] ?? {};
  if (!isJsonObject(connect)) throw unusable('connect_args must be a dict');
  const known: readonly string[] = [...NUMBERS, 'pool_pre_ping', 'echo', 'connect_args'];
  const args: readonly string[] = CONNECT_ARGS;
  const unknown = [
    ...Object.keys(kwargs).filter((key) => !known.includes(key)),
    ...Object.keys(connect)
      .filter((key) => !args.includes(key))
      .map((key) => `connect_args.${key}`),
  ];
  if (unknown.length > 0) throw unusable(`not supported: ${unknown.join(', ')}`);
  const overflow = Math.max(0, number(kwargs, 'max_overflow') ?? 5);
  const sslMode = connect['sslmode'];
  if (sslMode !== undefined && typeof sslMode !== 'string') throw unusable('sslmode must be a text');
  return {
    // SQLAlchemy's defaults: five, and ten more under load. The hub needs fewer: its queries are short.
    poolSize: Math.max(2, (number(kwargs, 'pool_size') ?? 5) + overflow),
    connectTimeoutMs: 1000 * (number(connect, 'connect_timeout') ?? number(kwargs, 'pool_timeout') ?? 10),
    recycleSeconds: Math.max(0, number(kwargs, 'pool_recycle') ?? 0),
    lockTimeoutMs: 1000 * (number(connect, 'timeout') ?? 5),
    echo: kwargs['echo'] === true || kwargs['echo'] === 'debug',
    sslMode,
  };
}

function number(source: JsonObject, key: string): number | undefined {
  const value: JsonValue | undefined = source[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unusable(`${key} must be a number`);
  return value;
}

function unusable(what: string): Fault {
  return new Fault('DATABASE_KWARGS', `c.JupyterHub.db_kwargs: ${what}.`);
}
