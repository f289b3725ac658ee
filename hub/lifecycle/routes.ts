import { messageOf } from '../../core/fault.js';
import type { RouteSpec } from '../../core/model/names.js';
import { type Timestamp, timestamp } from '../../core/model/time.js';
import type { ProxyRoute } from '../../core/plugin/proxy-client.js';
import { type ServerEntry, targetOf } from './entry.js';
import type { LifecycleDeps, StaticRoute } from './types.js';

type RouteDeps = Pick<LifecycleDeps, 'proxy' | 'staticRoutes' | 'store' | 'log' | 'clock'>;
type Table = ReadonlyMap<RouteSpec, ProxyRoute>;

/**
 * Makes the proxy's table what the hub knows (JupyterHub's `check_routes`): adds and corrects the hub's, services',
 * extra and ready servers' routes, deletes what nobody wants, and leaves servers with an operation under way alone.
 * One reconciliation at a time; requests that come meanwhile share the next.
 */
export class RouteKeeper {
  readonly #deps: RouteDeps;
  readonly #entries: ReadonlyMap<string, ServerEntry>;
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(deps: RouteDeps, entries: ReadonlyMap<string, ServerEntry>) {
    this.#deps = deps;
    this.#entries = entries;
  }

  /** Rejects when the proxy cannot be reached. */
  reconcile(): Promise<void> {
    this.#queued ??= this.#running
      .catch(() => undefined) // told to whoever asked for that one
      .then(() => {
        this.#queued = undefined;
        return this.#reconcile();
      });
    this.#running = this.#queued;
    return this.#queued;
  }

  async #reconcile(): Promise<void> {
    const table = await this.#deps.proxy.getAllRoutes();
    await this.#recordActivity(table);
    const wanted = await this.#deps.staticRoutes();
    const failures: unknown[] = [];
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      await work().catch((error: unknown) => failures.push(error));
    };
    for (const route of wanted) await attempt(() => this.#addStatic(route, table));
    for (const entry of [...this.#entries.values()]) await attempt(() => this.#addServer(entry, table));
    const kept = new Set([
      ...wanted.map((route) => route.spec),
      ...this.#active().map((entry) => entry.route),
    ]);
    for (const spec of table.keys()) if (!kept.has(spec)) await attempt(() => this.#deleteUnwanted(spec));
    if (failures.length > 0) {
      this.#deps.log.error('not all routes could be set', {
        failed: failures.length,
        first: messageOf(failures[0]),
      });
      throw failures[0];
    }
  }

  async #addStatic(route: StaticRoute, table: Table): Promise<void> {
    if (!isTarget(table.get(route.spec), route.target))
      await this.#deps.proxy.addRoute(route.spec, route.target, route.data);
  }

  async #addServer(entry: ServerEntry, table: Table): Promise<void> {
    const { address } = entry;
    const spec = entry.route;
    if (!address || entry.pending !== null || isTarget(table.get(spec), targetOf(address))) return;
    await this.#deps.proxy.addRoute(spec, targetOf(address), {
      user: entry.user.name,
      server_name: entry.name,
    });
    // it was stopped while the proxy answered: its port may be somebody else's soon
    if (entry.address === undefined) await this.#deps.proxy.deleteRoute(spec);
  }

  async #deleteUnwanted(spec: RouteSpec): Promise<void> {
    if (this.#active().some((entry) => entry.route === spec)) return;
    this.#deps.log.warn('removing a route that nobody asked for', { route: spec });
    await this.#deps.proxy.deleteRoute(spec);
  }

  #active(): readonly ServerEntry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.pending !== null || entry.address !== undefined,
    );
  }

  /** The proxy's clock for each route becomes the last activity of server and user. */
  async #recordActivity(table: Table): Promise<void> {
    const users = new Map<number, Timestamp>();
    const servers = new Map<number, Timestamp>();
    for (const entry of this.#entries.values()) {
      const { lastActivity } = table.get(entry.route) ?? {};
      if (lastActivity === undefined || entry.pending !== null || !entry.address) continue;
      const at = timestamp(Math.min(lastActivity, this.#deps.clock.now()));
      servers.set(entry.spawnerId, at);
      const known = users.get(entry.user.id);
      if (known === undefined || known < at) users.set(entry.user.id, at);
    }
    if (servers.size === 0) return;
    await this.#deps.store.transaction(async (db) => {
      await db.spawners.touch(servers);
      await db.users.touch(users);
    });
  }
}

function isTarget(route: ProxyRoute | undefined, target: string): boolean {
  return route !== undefined && route.target.replace(/\/$/, '') === target.replace(/\/$/, '');
}
