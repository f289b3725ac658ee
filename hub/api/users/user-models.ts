/**
 * Models of many users at once: one query per kind of row, never one per user, and only the keys that the caller
 * may see.
 */
import type { JsonObject } from '../../../core/model/json.js';
import type { Timestamp } from '../../../core/model/time.js';
import type { ScopeSet } from '../../../core/scopes/index.js';
import { HeldNamesCache } from '../../rbac/held-names.js';
import { pickKeys, Visibility } from '../../rbac/visible.js';
import type { SpawnerRecord, Store, UserRecord } from '../../store/types.js';
import { type ServerView, serverModel, type UrlRoots, userModel } from '../models.js';

export interface UserModelsOptions {
  readonly store: Store;
  readonly urls: UrlRoots;
  /** State of a server beyond its row. */
  serverView(user: UserRecord, spawner: SpawnerRecord): ServerView;
  /** Ids of users with a server that is pending and has no server row yet: its start waits for its turn. */
  waiting(): ReadonlySet<number>;
  /** When the user was last active, counting what is not written yet. */
  lastActivity(user: UserRecord): Timestamp | null;
}

export class UserModels {
  readonly #options: UserModelsOptions;
  readonly #held: HeldNamesCache;

  constructor(options: UserModelsOptions) {
    this.#options = options;
    this.#held = new HeldNamesCache(options.store);
  }

  /** Visible models in the order given; users of whom nothing is visible are left out. */
  async visible(
    users: readonly UserRecord[],
    scopes: ScopeSet,
    options: { readonly stoppedServers: boolean; readonly readyOnly?: boolean },
  ): Promise<readonly JsonObject[]> {
    const ids = users.map((user) => user.id);
    const [heldBy, spawners] = await Promise.all([
      this.#held.of(ids),
      this.#spawners(ids, options.stoppedServers),
    ]);
    const spawnersOf = groupByUser(spawners);
    const visibility = Visibility.of(scopes);
    const models: JsonObject[] = [];
    for (const user of users) {
      const spawners = spawnersOf.get(user.id) ?? [];
      if (options.readyOnly && !spawners.some((each) => this.#options.serverView(user, each).ready)) continue;
      const model = this.#model(user, visibility, {
        ...heldBy(user.id),
        spawners,
        stoppedServers: options.stoppedServers,
      });
      if (model) models.push(model);
    }
    return models;
  }

  async #spawners(ids: readonly number[], stopped: boolean): Promise<readonly SpawnerRecord[]> {
    const { store, waiting } = this.#options;
    if (stopped) return store.spawners.byUsers(ids, false);
    const waits = waiting();
    if (waits.size === 0) return store.spawners.byUsers(ids, true);
    const [active, all] = await Promise.all([
      store.spawners.byUsers(
        ids.filter((id) => !waits.has(id)),
        true,
      ),
      store.spawners.byUsers(
        ids.filter((id) => waits.has(id)),
        false,
      ),
    ]);
    return [...active, ...all];
  }

  #model(
    user: UserRecord,
    visibility: Visibility,
    parts: {
      readonly roles: readonly string[];
      readonly groups: readonly string[];
      readonly spawners: readonly SpawnerRecord[];
      readonly stoppedServers: boolean;
    },
  ): JsonObject | undefined {
    const seen = { name: user.name, groups: parts.groups };
    const granted = visibility.userKeys(seen);
    const views = parts.spawners.map((spawner) => this.#options.serverView(user, spawner));
    const servers: Record<string, JsonObject> = {};
    for (const view of views) {
      const active = view.ready || view.pending !== null;
      if (!(active || parts.stoppedServers) || !visibility.server(seen, view.spawner.name)) continue;
      const model = serverModel(user, view, this.#options.urls);
      servers[view.spawner.name] = visibility.serverState(seen, view.spawner.name)
        ? model
        : withoutState(model);
    }
    const keys = Object.keys(servers).length > 0 ? new Set([...granted, 'servers']) : granted;
    if (keys.size === 0) return undefined;
    const defaultServer = views.find((view) => view.spawner.name === '');
    const whole = userModel(
      { ...user, lastActivity: this.#options.lastActivity(user) },
      { roles: parts.roles, groups: parts.groups, defaultServer, servers },
    );
    return pickKeys(whole, keys);
  }
}

export function withoutState(model: JsonObject): JsonObject {
  const { state: _state, ...rest } = model;
  return rest;
}

function groupByUser(spawners: readonly SpawnerRecord[]): ReadonlyMap<number, readonly SpawnerRecord[]> {
  const groups = new Map<number, SpawnerRecord[]>();
  for (const spawner of spawners) {
    const list = groups.get(spawner.userId);
    if (list) list.push(spawner);
    else groups.set(spawner.userId, [spawner]);
  }
  return groups;
}
