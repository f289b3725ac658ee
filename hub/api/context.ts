/** What the REST API works with. Assembled by `hub/app.ts`. */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { Timestamp } from '../../core/model/time.js';
import { httpError } from '../http/errors.js';
import { queryArgument } from '../http/query.js';
import type { Rights } from '../rbac/rights.js';
import type { Store, TokenRecord, UserRecord } from '../store/types.js';
import type { PageLimits } from './pagination.js';
import type { UserModels } from './users/user-models.js';

interface ActivitySink {
  user(user: { readonly id: number }, at: Timestamp): Promise<void>;
  server(spawner: { readonly id: number }, at: Timestamp): Promise<void>;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
  /** When a token was last used, counting what is not written yet. */
  ofToken(token: TokenRecord): Timestamp | null;
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

/** `include_stopped_servers`: any value but `0` and `false` counts, the empty one too. */
export function includesStoppedServers(query: unknown): boolean {
  const value = queryArgument(query, 'include_stopped_servers');
  return value !== undefined && !['0', 'false'].includes(value.toLowerCase());
}
