import { ownerInPath, type RouteSpec, type ServerName } from '../../core/model/names.js';
import type { ServerAddress, Spawner } from '../../core/plugin/spawner.js';
import type { UserRecord } from '../store/types.js';
import type { ProgressLog } from './progress.js';
import type { LifecycleSettings, Pending, QueuePlace, ServerStatus, SpawnFailure } from './types.js';
import type { SpawnerView } from './view.js';

/**
 * What the hub holds in memory of one server that is not stopped, or whose last start failed. The database knows
 * the same (server row, state, operation): a restart makes these anew.
 */
export interface ServerEntry {
  user: UserRecord;
  name: ServerName;
  /** `/user/alice/`, escaped, with the application prefix. */
  baseUrl: string;
  /** The same as browsers call it: with the user's host under subdomains. */
  url: string;
  /** The proxy's key. */
  route: RouteSpec;
  spawnerId: number;
  pending: Pending | null;
  /** Its start waits for a place: nothing was done for it yet, and it counts for no limit. */
  waiting?: QueuePlace | undefined;
  /** Set while the server counts as there. */
  address?: ServerAddress | undefined;
  spawner?: Spawner | undefined;
  /** What hooks see; from the start, or made anew after a restart. */
  view?: SpawnerView | undefined;
  spawnId?: string | undefined;
  /** The API token while the server starts, so that it can be blanked in output; dropped after. */
  secret?: string | undefined;
  failure?: SpawnFailure | undefined;
  progress?: ProgressLog | undefined;
  /** The operation under way; never rejects. */
  operation?: Promise<void> | undefined;
  /** Cancels the operation under way. */
  abort?: AbortController | undefined;
  polling?: Disposable | undefined;
  /** `X-JupyterHub-Version` of the first answer. */
  version?: string | undefined;
}

/**
 * Where a server is: below its own path, which is the database's word once it was started. It knows that path and its
 * host from its start, so both bear the name that its user had then.
 */
export function placeOf(
  { places, baseUrl: prefix }: Pick<LifecycleSettings, 'places' | 'baseUrl'>,
  user: Pick<UserRecord, 'name'>,
  baseUrl: string,
): Pick<ServerEntry, 'baseUrl' | 'url' | 'route'> {
  const name = ownerInPath(prefix, baseUrl) ?? user.name;
  return { baseUrl, url: `${places.userOrigin(name)}${baseUrl}`, route: places.userRoute(name, baseUrl) };
}

export function statusOf(entry: ServerEntry | undefined): ServerStatus {
  if (!entry) return { pending: null, ready: false, active: false };
  const ready = entry.pending === null && entry.address !== undefined;
  return {
    pending: entry.pending,
    ready,
    active: ready || entry.pending !== null,
    ...(entry.failure && { failure: entry.failure }),
    ...(entry.waiting && { queue: entry.waiting }),
  };
}

/** With the user's name: a number alone may be somebody else's by now. Neither name holds a slash. */
export function entryKey(user: Pick<UserRecord, 'id' | 'name'>, name: string): string {
  return `${user.id}/${user.name}/${name}`;
}

/** For messages and log lines: `alice`, `alice:gpu`, as JupyterHub writes them. */
export function serverLabel({ user, name }: Pick<ServerEntry, 'user' | 'name'>): string {
  return name === '' ? user.name : `${user.name}:${name}`;
}

/** Where the proxy forwards to; unix sockets in configurable-http-proxy's form. */
export function targetOf(address: ServerAddress): string {
  if (address.kind === 'unix') return `http+unix://${encodeURIComponent(address.path)}`;
  return `${address.proto}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The columns of the `servers` row. */
export function serverColumns(address: ServerAddress): {
  readonly proto: string;
  readonly ip: string;
  readonly port: number;
} {
  if (address.kind === 'unix') return { proto: 'http+unix', ip: address.path, port: 0 };
  return { proto: address.proto, ip: address.host, port: address.port };
}
