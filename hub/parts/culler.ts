/** The culler over the hub's own parts. */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import { serverModel, type UrlRoots } from '../api/models.js';
import { deleteUser, type People } from '../api/users/write.js';
import { AnteroomClass } from '../config.js';
import { Culler, type CullerPort, type CullServer, type CullUser } from '../culler/index.js';
import type { ServerLifecycle } from '../lifecycle/index.js';
import type { SpawnerRecord, Store, UserRecord } from '../store/types.js';

export interface CullerPartsOptions {
  readonly config: HubSettings;
  readonly store: Store;
  readonly lifecycle: ServerLifecycle;
  readonly people: Pick<People, 'removeWithServers' | 'removed'>;
  readonly urls: UrlRoots;
  /** Milliseconds that a stop is waited for. */
  readonly slowStopMs: number;
  flushActivity(): Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Users that are read at once. */
const PAGE = 500;

/** @returns undefined unless `c.Anteroom.cull_enabled` */
export function makeCuller(options: CullerPartsOptions): Culler | undefined {
  const anteroom = options.config.of(AnteroomClass);
  if (!anteroom.cull_enabled) return undefined;
  const { clock, log } = options;
  return new Culler({
    rules: {
      timeout: anteroom.cull_timeout,
      maxAge: anteroom.cull_max_age,
      defaultServers: anteroom.cull_default_servers,
      namedServers: anteroom.cull_named_servers,
      users: anteroom.cull_users,
      adminUsers: anteroom.cull_admin_users,
      arbiter: anteroom.cull_arbiter_hook ?? undefined,
    },
    removeNamedServers: anteroom.cull_remove_named_servers,
    everyMs: 1000 * (anteroom.cull_every || Math.max(1, Math.floor(anteroom.cull_timeout / 2))),
    concurrency: anteroom.cull_concurrency,
    port: cullerPort(options),
    clock,
    log,
  });
}

export function cullerPort(options: Omit<CullerPartsOptions, 'config' | 'clock' | 'log'>): CullerPort {
  const { store, lifecycle, people, slowStopMs } = options;
  const records = new WeakMap<CullUser, UserRecord>();
  const describe = (user: UserRecord, spawners: readonly SpawnerRecord[]): CullUser => {
    const servers = spawners
      .map((spawner) => cullServer(options, user, spawner))
      .filter((server) => server.ready || server.pending !== null);
    const { id, name, admin, created, lastActivity } = user;
    const described: CullUser = { id, name, admin, created, lastActivity, servers };
    records.set(described, user);
    return described;
  };
  const recordOf = (user: CullUser): UserRecord => {
    const record = records.get(user);
    if (!record) throw new Error(`the culler made ${user.name} up`);
    return record;
  };
  return {
    flushActivity: options.flushActivity,
    async *usersWithServers() {
      const ids = lifecycle.readyUsers();
      for (let offset = 0; offset < ids.length; offset += PAGE) {
        const page = ids.slice(offset, offset + PAGE);
        const [users, spawners] = await Promise.all([
          store.users.byIds(page),
          store.spawners.byUsers(page, true),
        ]);
        const spawnersOf = new Map<number, SpawnerRecord[]>(page.map((id) => [id, []]));
        for (const each of spawners) spawnersOf.get(each.userId)?.push(each);
        for (const user of users) yield describe(user, spawnersOf.get(user.id) ?? []);
      }
    },
    async *usersWithoutServers() {
      for (let offset = 0; ; offset += PAGE) {
        const { items } = await store.users.list({
          state: 'inactive',
          sort: { by: 'id', descending: false },
          offset,
          limit: PAGE,
        });
        for (const user of items) yield describe(user, []);
        if (items.length < PAGE) return;
      }
    },
    user: async (id) => {
      const user = await store.users.byId(id);
      return user && describe(user, await store.spawners.byUser(id));
    },
    stopServer: async (user, server, { remove }) => {
      const record = recordOf(user);
      await lifecycle.stop(record, server.name, { waitMs: slowStopMs });
      if (lifecycle.status(record, server.name).active) return false;
      if (remove) await lifecycle.remove(record, server.name);
      return true;
    },
    deleteUser: (user) => deleteUser(store, people, recordOf(user)),
  };
}

function cullServer(
  { lifecycle, urls }: Pick<CullerPartsOptions, 'lifecycle' | 'urls'>,
  user: UserRecord,
  spawner: SpawnerRecord,
): CullServer {
  const { pending, ready } = lifecycle.status(user, spawner.name);
  const { name, started, lastActivity } = spawner;
  const model = () =>
    serverModel(user, { spawner, pending, ready, url: lifecycle.url(user, spawner.name) }, urls);
  return { name, started, lastActivity, pending, ready, model };
}
