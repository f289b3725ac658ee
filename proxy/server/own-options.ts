/** What configurable-http-proxy does not have: workers, draining, a cap, the file of routes, Redis. */
import { type FlagName, type Flags, UsageError } from './flags.js';

export interface OwnOptions {
  /** 1: one process does everything. */
  readonly workers: number;
  /** ms that requests under way get after SIGTERM; 0: none. */
  readonly drain: number;
  /** Connections of clients that one process carries at once; undefined: no limit. */
  readonly maxConnections: number | undefined;
  /** Absolute or relative to the working directory; undefined: nothing is kept. */
  readonly routesFile: string | undefined;
  /** Set when `--storage-backend redis` is. */
  readonly redis: RedisOptions | undefined;
}

export interface RedisOptions {
  /** `redis:` or `rediss:` (TLS). May hold a password. */
  readonly url: string;
  readonly prefix: string;
}

const MAX_WORKERS = 64;
const MAX_DRAIN_SECONDS = 86_400;
const MAX_CONNECTIONS = 999_999;
const DEFAULT_REDIS = 'redis://127.0.0.1:6379';
const DEFAULT_PREFIX = 'anteroom-proxy:';

/** @throws UsageError naming the flag */
export function ownOptions(flags: Flags, env: Readonly<Record<string, string | undefined>>): OwnOptions {
  const redis = flags.get('storage-backend') === 'redis' ? redisOptions(flags, env) : undefined;
  for (const name of ['redis-url', 'redis-prefix'] as const) {
    if (flags.has(name) && !redis) throw new UsageError(`--${name} needs --storage-backend redis`);
  }
  const routesFile = flags.get('routes-file') || undefined;
  if (routesFile !== undefined && flags.get('storage-backend')) {
    throw new UsageError('--routes-file and --storage-backend: a storage back end keeps the routes already');
  }
  return {
    workers: wholeNumber(flags, 'workers', 1, MAX_WORKERS) ?? 1,
    drain: (wholeNumber(flags, 'drain-seconds', 0, MAX_DRAIN_SECONDS) ?? 0) * 1000,
    maxConnections: wholeNumber(flags, 'max-connections', 1, MAX_CONNECTIONS),
    routesFile,
    redis,
  };
}

function redisOptions(flags: Flags, env: Readonly<Record<string, string | undefined>>): RedisOptions {
  const fromFlag = flags.get('redis-url') || undefined;
  const text = fromFlag ?? (env['CONFIGPROXY_REDIS_URL'] || DEFAULT_REDIS);
  const where = fromFlag === undefined ? 'CONFIGPROXY_REDIS_URL' : '--redis-url';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${where} is no URL: redis://HOST:PORT/DATABASE is expected`);
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new UsageError(`${where}: the scheme ${url.protocol.slice(0, 40)} is neither redis: nor rediss:`);
  }
  if (fromFlag !== undefined && url.password !== '') {
    throw new UsageError(
      '--redis-url holds a password, which everybody on this machine could read: put the URL into CONFIGPROXY_REDIS_URL',
    );
  }
  return { url: text, prefix: flags.get('redis-prefix') || DEFAULT_PREFIX };
}

function wholeNumber(flags: Flags, name: FlagName, least: number, most: number): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new UsageError(`--${name}: '${text.slice(0, 40)}' is no whole number from ${least} to ${most}`);
  }
  return number;
}
