/** Models of shares and share codes (JupyterHub 6.1.1 apihandlers/shares.py), many at once: one query per kind of row. */
import type { JsonObject } from '../../../core/model/json.js';
import { shareScopes } from '../../../core/scopes/index.js';
import type { ShareCodeRecord, ShareRecord, SpawnerRecord, Store, UserRecord } from '../../store/types.js';
import { type ServerView, serverUrls, time, type UrlRoots } from '../models.js';

type Rows = Pick<Store, 'users' | 'groups' | 'spawners'>;
type OfServer = Pick<ShareRecord, 'ownerId' | 'spawnerId' | 'scopes'>;

export interface ShareModelsOptions {
  readonly store: Rows;
  readonly urls: UrlRoots;
  serverView(user: UserRecord, spawner: SpawnerRecord): Pick<ServerView, 'ready' | 'url'>;
}

export class ShareModels {
  readonly #options: ShareModelsOptions;

  constructor(options: ShareModelsOptions) {
    this.#options = options;
  }

  async shares(shares: readonly ShareRecord[]): Promise<readonly JsonObject[]> {
    const [servers, users, groups] = await Promise.all([
      this.#servers(shares),
      this.#options.store.users.byIds(defined(shares.map((share) => share.userId))),
      this.#options.store.groups.byIds(defined(shares.map((share) => share.groupId))),
    ]);
    const userNames = new Map(users.map(({ id, name }) => [id, name]));
    const groupNames = new Map(groups.map(({ id, name }) => [id, name]));
    return shares.flatMap((share) => {
      const server = servers.get(share.spawnerId);
      if (!server) return [];
      const user = share.userId === null ? undefined : userNames.get(share.userId);
      const group = share.groupId === null ? undefined : groupNames.get(share.groupId);
      return {
        server: server.model,
        scopes: server.scopesOf(share),
        user: user === undefined ? null : { name: user },
        group: group === undefined ? null : { name: group },
        kind: group === undefined ? 'user' : 'group',
        created_at: time(share.createdAt),
      };
    });
  }

  async codes(codes: readonly ShareCodeRecord[]): Promise<readonly JsonObject[]> {
    const servers = await this.#servers(codes);
    return codes.flatMap((code) => {
      const server = servers.get(code.spawnerId);
      if (!server) return [];
      return {
        server: server.model,
        scopes: server.scopesOf(code),
        id: `sc_${code.id}`,
        created_at: time(code.createdAt),
        expires_at: time(code.expiresAt),
        exchange_count: code.exchangeCount,
        last_exchanged_at: time(code.lastExchangedAt),
      };
    });
  }

  async #servers(rows: readonly OfServer[]): Promise<ReadonlyMap<number, SharedServerModel>> {
    const { store, urls, serverView } = this.#options;
    const [owners, spawners] = await Promise.all([
      store.users.byIds(defined(rows.map((row) => row.ownerId))),
      store.spawners.byIds(defined(rows.map((row) => row.spawnerId))),
    ]);
    const ownerOf = new Map(owners.map((owner) => [owner.id, owner]));
    const models = new Map<number, SharedServerModel>();
    for (const spawner of spawners) {
      const owner = ownerOf.get(spawner.userId);
      if (owner) models.set(spawner.id, describe(owner, spawner, urls, serverView(owner, spawner)));
    }
    return models;
  }
}

interface SharedServerModel {
  readonly model: JsonObject;
  /** Stored scopes, bound to the present names of owner and server. */
  scopesOf(row: OfServer): readonly string[];
}

function describe(
  owner: UserRecord,
  spawner: SpawnerRecord,
  urls: UrlRoots,
  view: Pick<ServerView, 'ready' | 'url'>,
): SharedServerModel {
  return {
    model: {
      user: { name: owner.name },
      name: spawner.name,
      ...serverUrls(urls, view),
      ready: view.ready,
    },
    scopesOf: (row) => shareScopes(row.scopes, owner.name, spawner.name, false),
  };
}

function defined(ids: readonly (number | null)[]): readonly number[] {
  return [...new Set(ids.filter((id) => id !== null))];
}
