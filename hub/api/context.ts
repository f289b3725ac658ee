/** What the REST API works with. Assembled by `hub/app.ts`. */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { Timestamp } from '../../core/model/time.js';
import { httpError } from '../http/errors.js';
import type { Rights } from '../rbac/rights.js';
import type { Store, UserRecord } from '../store/types.js';
import type { PageLimits } from './pagination.js';
import type { UserModels } from './users/user-models.js';

export interface ActivitySink {
  user(user: { readonly id: number }, at: Timestamp): Promise<void>;
  server(spawner: { readonly id: number }, at: Timestamp): Promise<void>;
}

export interface ApiContext {
  readonly store: Store;
  readonly rights: Rights;
  readonly models: UserModels;
  readonly limits: PageLimits;
  readonly log: Log;
  readonly clock: Clock;
  /** Decrypted auth_state of a user, or null. */
  authState(user: UserRecord): Promise<JsonObject | null>;
  /** Writes activity; older times than the stored ones change nothing. */
  readonly activity: ActivitySink;
  /** `/hub/api/` */
  readonly prefix: string;
}

/** @throws Fault 404 without message, as JupyterHub after the scopes have passed */
export async function findUser(store: Store, name: string): Promise<UserRecord> {
  const user = await store.users.byName(name);
  if (!user) throw httpError(404);
  return user;
}

/** The last value of a query argument, as tornado's get_argument reads it. */
export function queryArgument(query: unknown, name: string): string | undefined {
  const value = (query as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' ? last : undefined;
}

/** `include_stopped_servers`: any value but `0` and `false` counts. */
export function includesStoppedServers(query: unknown): boolean {
  const value = queryArgument(query, 'include_stopped_servers');
  return value !== undefined && value !== '' && !['0', 'false'].includes(value.toLowerCase());
}
