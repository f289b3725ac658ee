/**
 * Rows of the administrators' tables: the REST API's models, so that nobody is shown what the API would not tell, with
 * the state and the controls beside each server.
 */
import type { JsonObject } from '../../../core/model/json.js';
import { escapeName } from '../../../core/model/names.js';
import type { UserModels } from '../../api/users/user-models.js';
import type { Store, UserRecord } from '../../store/types.js';
import { hubPath, type PageContext, type ServerStatus } from '../context.js';
import { serverRights, userRights, type Viewer } from './rights.js';

export interface RowSource {
  readonly context: Pick<PageContext, 'urls' | 'servers' | 'allowNamedServers'>;
  readonly store: Pick<Store, 'groups'>;
  readonly models: UserModels;
}

/** Three queries for all rows together, never one per row. */
export async function userRows(source: RowSource, viewer: Viewer, users: readonly UserRecord[]) {
  const [models, groups] = await Promise.all([
    source.models.visible(users, viewer.scopes, { stoppedServers: true }),
    source.store.groups.namesByUsers(users.map((user) => user.id)),
  ]);
  const records = new Map<unknown, UserRecord>(users.map((user) => [user.name, user]));
  return models.flatMap((model) => {
    const record = records.get(model['name']);
    return record ? [userRow(source, viewer, record, groups.get(record.id) ?? [], model)] : [];
  });
}

export type UserRow = ReturnType<typeof userRow>;

function userRow(
  source: RowSource,
  viewer: Viewer,
  record: UserRecord,
  groups: readonly string[],
  model: JsonObject,
) {
  const { urls } = source.context;
  const seen = { name: record.name, groups, admin: record.admin };
  const rights = userRights(viewer, seen);
  const models = (model['servers'] ?? {}) as Readonly<Record<string, JsonObject>>;
  // Everybody has a default server, also who came into the database without a row for it.
  const all = 'servers' in model && !('' in models) ? { '': { name: '' }, ...models } : models;
  const servers = Object.values(all)
    .map((server) => serverRow(source, viewer, record, groups, server))
    // The default server first, then in the order in which they were made.
    .sort((a, b) => Number(a.name !== '') - Number(b.name !== ''));
  return {
    name: record.name,
    escaped_name: escapeName(record.name),
    page_url: `${urls.hubPrefix}admin/users/${escapeName(record.name)}`,
    admin: model['admin'] === true,
    groups: (model['groups'] ?? []) as readonly string[],
    roles: (model['roles'] ?? []) as readonly string[],
    created: model['created'] ?? undefined,
    last_activity: model['last_activity'] ?? undefined,
    shows_activity: 'last_activity' in model,
    servers,
    can_edit: rights.edit,
    can_remove: rights.remove,
    selectable: rights.remove || servers.some((server) => server.may_start || server.may_stop),
  };
}

function serverRow(
  { context }: RowSource,
  viewer: Viewer,
  owner: UserRecord,
  groups: readonly string[],
  model: JsonObject,
) {
  const name = String(model['name']);
  const rights = serverRights(viewer, { name: owner.name, groups }, name);
  const status = context.servers.status(owner, name);
  const active = status.ready || status.pending !== null;
  // The page cannot start what the API would refuse.
  const allowed = name === '' || context.allowNamedServers;
  return {
    user: owner.name,
    name,
    label: model['display_name'] || name,
    path: `${escapeName(owner.name)}/${escapeName(name)}`,
    state: stateWord(status),
    busy: status.pending !== null,
    active,
    url: model['url'],
    started: active ? (model['started'] ?? undefined) : undefined,
    last_activity: model['last_activity'] ?? undefined,
    profile: profileIn(model),
    failure: active ? undefined : status.failure?.message,
    spawn_url: hubPath(context.urls, 'spawn', owner.name, name),
    pending_url: hubPath(context.urls, 'spawn-pending', owner.name, name),
    // By right, whatever the state is now.
    may_start: rights.start && name === '',
    may_stop: rights.stop && allowed,
    can_open: rights.access && status.ready,
    can_follow: rights.form && status.pending === 'spawn',
    can_start: rights.start && !active && allowed,
    can_choose: rights.form && !active && allowed,
    can_stop: rights.stop && active && status.pending !== 'stop' && allowed,
    can_remove: rights.stop && name !== '' && !active && allowed,
  };
}

/** The word on the chip. */
function stateWord(status: ServerStatus): 'ready' | 'starting' | 'stopping' | 'stopped' | 'failed' {
  if (status.pending === 'stop') return 'stopping';
  if (status.pending !== null) return 'starting';
  if (status.ready) return 'ready';
  return status.failure ? 'failed' : 'stopped';
}

/** What KubeSpawner's profiles write into the options of a start. */
function profileIn(model: JsonObject): string | undefined {
  const options = model['user_options'];
  const profile =
    typeof options === 'object' && options !== null && 'profile' in options ? options.profile : undefined;
  return typeof profile === 'string' ? profile : undefined;
}
