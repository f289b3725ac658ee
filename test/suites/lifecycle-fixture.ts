/** A life cycle of servers with everything real but the proxy, which is a table in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { RouteSpec, UserName } from '../../core/model/names.js';
import type { ProxyClient, ProxyRoute } from '../../core/plugin/proxy-client.js';
import {
  chooseSpawner,
  type LifecycleDeps,
  type LifecycleEvent,
  ServerLifecycle,
} from '../../hub/lifecycle/index.js';
import { placesOf } from '../../hub/places.js';
import { openStore, type Store, type UserRecord } from '../../hub/store/index.js';
import { simple } from '../../spawners/simple/index.js';
import {
  SimpleLocalProcessSpawnerClass,
  type SimpleLocalProcessSpawnerConfig,
} from '../../spawners/simple/traits.js';
import { TINY_SERVER } from './tiny-server-path.js';

export class TableProxy
  implements Pick<ProxyClient, 'addRoute' | 'deleteRoute' | 'getAllRoutes' | 'onRestart'>
{
  readonly table = new Map<RouteSpec, ProxyRoute>();
  readonly listeners = new Set<() => void>();
  /** Set to make the proxy unreachable. */
  down: Error | undefined;

  async addRoute(spec: RouteSpec, target: string, data: JsonObject): Promise<void> {
    if (this.down) throw this.down;
    this.table.set(spec, { target, data });
  }

  async deleteRoute(spec: RouteSpec): Promise<void> {
    if (this.down) throw this.down;
    this.table.delete(spec);
  }

  async getAllRoutes(): Promise<ReadonlyMap<RouteSpec, ProxyRoute>> {
    if (this.down) throw this.down;
    return new Map(this.table);
  }

  onRestart(listener: () => void): Disposable {
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => this.listeners.delete(listener) };
  }
}

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly store: Store;
  readonly proxy: TableProxy;
  readonly events: LifecycleEvent[];
  readonly hubId: string;
  /** Closes the database, so that another process may open it, until `reopen`. */
  close(): Promise<void>;
  reopen(): Promise<void>;
  /** A hub over the same database; a second one plays the hub after a restart. */
  hub(change?: HubChange): ServerLifecycle;
  user(name: string): Promise<UserRecord>;
}

export interface HubChange {
  readonly args?: readonly string[];
  readonly config?: Partial<SimpleLocalProcessSpawnerConfig>;
  readonly settings?: Partial<LifecycleDeps['settings']>;
  readonly deps?: Partial<LifecycleDeps>;
}

/** A `pre_spawn_hook` that holds every start until the test lets it go on, and knows their order. */
export class HubCalls {
  /** `USER/SERVER` of every start, in the order in which they began. */
  readonly names: string[] = [];
  readonly #held = new Map<string, () => void>();

  readonly hook = (spawner: unknown): Promise<void> => {
    const { user, name } = spawner as { readonly user: { readonly name: string }; readonly name: string };
    this.names.push(`${user.name}/${name}`);
    return new Promise((resolve) => this.#held.set(`${user.name}/${name}`, resolve));
  };

  go(name: string): void {
    const held = this.#held.get(name);
    if (!held) throw new Error(`${name} has not begun`);
    held();
  }

  async until(name: string): Promise<void> {
    const end = Date.now() + 10_000;
    while (!this.names.includes(name)) {
      if (Date.now() > end) throw new Error(`${name} never began; there were ${this.names.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

let worlds = 0;

export async function makeWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-lifecycle-'));
  const open = (): Promise<Store> =>
    openStore({ url: `sqlite:///${join(folder, 'hub.sqlite')}`, log: silentLog, clock: systemClock });
  let store = await open();
  const proxy = new TableProxy();
  const events: LifecycleEvent[] = [];
  const hubId = `lifecycle-${process.pid}-${worlds++}`;
  const hubs: ServerLifecycle[] = [];
  await store.oauth.upsertClient({
    identifier: 'jupyterhub',
    description: 'JupyterHub',
    secret: '',
    redirectUri: '',
    allowedScopes: [],
  });
  return {
    folder,
    get store() {
      return store;
    },
    close: async () => {
      await store[Symbol.asyncDispose]();
    },
    reopen: async () => {
      store = await open();
    },
    proxy,
    events,
    hubId,
    hub: (change = {}) => {
      const hub = hubOver({ folder, store, proxy, events, hubId }, change);
      hubs.push(hub);
      return hub;
    },
    user: async (name) => (await store.users.byName(name)) ?? store.users.create({ name: name as UserName }),
    async [Symbol.asyncDispose]() {
      for (const hub of hubs) await hub.shutdown({ stopServers: true });
      await simple.sweepOrphans?.(new Set(), hubId);
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A life cycle over a world's parts. */
export function hubOver(world: Parts, change: HubChange): ServerLifecycle {
  return new ServerLifecycle(depsOf(world, change));
}

type Parts = Pick<World, 'folder' | 'store' | 'proxy' | 'events' | 'hubId'> & {
  readonly tinyServer?: string;
};

function depsOf(world: Parts, change: HubChange): LifecycleDeps {
  const { folder, store, proxy, events, hubId } = world;
  const config = defaults(SimpleLocalProcessSpawnerClass, {
    cmd: [process.execPath, world.tinyServer ?? TINY_SERVER],
    args: change.args ?? [],
    home_dir_template: join(folder, 'homes/{username}'),
    interrupt_timeout: 1,
    term_timeout: 1,
    start_timeout: 10,
    http_timeout: 10,
    ...change.config,
  });
  return {
    store,
    proxy,
    spawner: chooseSpawner(simple, SimpleLocalProcessSpawnerClass, config),
    clock: systemClock,
    log: silentLog,
    settings: {
      baseUrl: '/',
      apiUrl: 'http://127.0.0.1:8081/hub/api',
      publicHost: '',
      publicHubUrl: '',
      places: placesOf({ baseUrl: '/', publicUrl: '', subdomainHost: '', hook: 'idna' }),
      adminAccess: false,
      cookieOptions: {},
      cookieHostPrefixEnabled: false,
      concurrentSpawnLimit: 100,
      activeServerLimit: 0,
      spawnQueueLimit: 1000,
      spawnQueueMs: 60_000,
      spawnBreakerMs: 60_000,
      spawnThrottleRetryRange: [30, 60],
      initSpawnersTimeoutMs: 10_000,
      lastActivityIntervalMs: 300_000,
      cleanupServers: true,
      hubId,
      outputDir: join(folder, 'output'),
      ...change.settings,
    },
    tokenScopes: async ({ user, name }, configured) =>
      configured.length > 0
        ? configured
        : ['users:activity!user', `access:servers!server=${user.name}/${name}`],
    staticRoutes: () => [{ spec: '/' as RouteSpec, target: 'http://127.0.0.1:8081', data: { hub: true } }],
    authState: async () => ({ secret: 'of the provider' }),
    isBlocked: () => false,
    hubEnvironment: { PATH: process.env['PATH'], LANG: 'C.UTF-8', HUB_SECRET: 'x' },
    observe: (event) => events.push(event),
    ...change.deps,
  };
}
