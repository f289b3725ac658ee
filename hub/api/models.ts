/**
 * The JSON models of the REST API (JupyterHub 6.1.1 apihandlers/base.py), whole: which keys a caller sees is
 * decided by `hub/rbac`. Pure functions from records to JSON.
 */
import type { JsonObject } from '../../core/model/json.js';
import { escapeName } from '../../core/model/names.js';
import { isoTimestamp, type Timestamp } from '../../core/model/time.js';
import type { GroupRecord, ServiceRecord, SpawnerRecord, TokenRecord, UserRecord } from '../store/types.js';

export type Pending = 'spawn' | 'stop' | 'check' | 'rename';

/** What a model needs to know of a server beyond its row. */
export interface ServerView {
  readonly spawner: SpawnerRecord;
  readonly pending: Pending | null;
  readonly ready: boolean;
  /** Where browsers find it: a path, with the user's own host in front under subdomains. */
  readonly url: string;
}

export interface UrlRoots {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** Scheme and host of `public_url`, or undefined. */
  readonly publicOrigin: string | undefined;
}

/** `url` and `full_url` of a server. */
export function serverUrls(
  { publicOrigin }: Pick<UrlRoots, 'publicOrigin'>,
  { url }: Pick<ServerView, 'url'>,
): { readonly url: string; readonly full_url: string | null } {
  if (!url.startsWith('/')) return { url, full_url: url };
  return { url, full_url: publicOrigin === undefined ? null : `${publicOrigin}${url}` };
}

export function time(value: Timestamp | null): string | null {
  return value === null ? null : isoTimestamp(value);
}

export function serverModel(user: UserRecord, view: ServerView, urls: UrlRoots): JsonObject {
  const { spawner, pending, ready } = view;
  const api = `${urls.baseUrl}hub/api/users/${escapeName(user.name)}`;
  const progress =
    spawner.name === '' ? `${api}/server/progress` : `${api}/servers/${escapeName(spawner.name)}/progress`;
  return {
    name: spawner.name,
    display_name: spawner.displayName,
    full_name: `${user.name}/${spawner.name}`,
    last_activity: time(spawner.lastActivity),
    started: time(spawner.started),
    pending,
    ready,
    stopped: pending === null && !ready,
    ...serverUrls(urls, view),
    user_options: spawner.userOptions ?? {},
    progress_url: progress,
    full_progress_url: urls.publicOrigin === undefined ? null : `${urls.publicOrigin}${progress}`,
    state: spawner.state ?? {},
  };
}

export function userModel(
  user: UserRecord,
  parts: {
    readonly roles: readonly string[];
    readonly groups: readonly string[];
    readonly defaultServer: ServerView | undefined;
    readonly servers: Readonly<Record<string, JsonObject>>;
  },
): JsonObject {
  const { defaultServer } = parts;
  return {
    kind: 'user',
    name: user.name,
    admin: user.admin,
    roles: [...parts.roles],
    groups: [...parts.groups],
    server: defaultServer?.ready ? defaultServer.url : null,
    pending: defaultServer?.pending ?? null,
    created: time(user.created),
    last_activity: time(user.lastActivity),
    user_info: user.userInfo,
    auth_state: null,
    servers: parts.servers,
  };
}

export function groupModel(
  group: GroupRecord,
  parts: { readonly users: readonly string[]; readonly roles: readonly string[] },
): JsonObject {
  return {
    kind: 'group',
    name: group.name,
    users: [...parts.users],
    roles: [...parts.roles],
    properties: group.properties,
  };
}

/** @param scopes effective scopes: expanded and intersected with the owner's */
export function tokenModel(
  token: TokenRecord,
  parts: {
    readonly owner: { readonly kind: 'user' | 'service'; readonly name: string };
    readonly scopes: readonly string[];
    readonly oauthClient: string;
  },
): JsonObject {
  return {
    [parts.owner.kind]: parts.owner.name,
    id: `a${token.id}`,
    kind: 'api_token',
    roles: [],
    scopes: [...parts.scopes],
    created: time(token.created),
    last_activity: time(token.lastActivity),
    expires_at: time(token.expiresAt),
    note: token.note,
    session_id: token.sessionId,
    oauth_client: parts.oauthClient,
  };
}

/** A service as its row tells it; a running one adds prefix and pid (`hub/services`). */
export function serviceModel(
  service: ServiceRecord,
  running: { readonly prefix: string; readonly pid: number; readonly roles?: readonly string[] } = {
    prefix: '',
    pid: 0,
  },
): JsonObject {
  return {
    kind: 'service',
    name: service.name,
    admin: service.admin,
    roles: [...(running.roles ?? [])],
    url: service.url,
    prefix: running.prefix,
    command: [...service.command],
    pid: running.pid,
    info: service.info,
    display: service.display,
  };
}
