import type { Store } from '../store/types.js';

/** Names of the roles that a user holds directly, and of the groups that they are in, each by id of the row. */
export interface HeldNames {
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

const NOTHING: HeldNames = { roles: [], groups: [] };
const LIMIT = 20_000;

/**
 * What models of users say of roles and groups. Every write to either moves the store's rights epoch, so the names are
 * kept until it moves and read once for all users who are missing.
 */
export class HeldNamesCache {
  readonly #store: Pick<Store, 'roles' | 'groups' | 'rightsEpoch'>;
  readonly #names = new Map<number, HeldNames>();
  #epoch = Number.NaN;

  constructor(store: Pick<Store, 'roles' | 'groups' | 'rightsEpoch'>) {
    this.#store = store;
  }

  /** By user id; a user without a row holds nothing. */
  async of(userIds: readonly number[]): Promise<(userId: number) => HeldNames> {
    const epoch = this.#store.rightsEpoch();
    if (epoch !== this.#epoch) this.#forget(epoch);
    const found = new Map<number, HeldNames>();
    const missing: number[] = [];
    for (const id of userIds) {
      const known = this.#names.get(id);
      if (known) found.set(id, known);
      else missing.push(id);
    }
    if (missing.length > 0) {
      for (const [id, names] of await this.#load(missing)) found.set(id, names);
      this.#keep(epoch, missing, found);
    }
    return (id) => found.get(id) ?? NOTHING;
  }

  async #load(ids: readonly number[]): Promise<ReadonlyMap<number, HeldNames>> {
    const [roles, groups] = await Promise.all([
      this.#store.roles.ofMany('user', ids),
      this.#store.groups.namesByUsers(ids),
    ]);
    return new Map(
      ids.map((id) => [
        id,
        { roles: (roles.get(id) ?? []).map((role) => role.name), groups: groups.get(id) ?? [] },
      ]),
    );
  }

  /** What a write has overtaken belongs to no epoch and is not kept. */
  #keep(epoch: number, ids: readonly number[], found: ReadonlyMap<number, HeldNames>): void {
    if (this.#store.rightsEpoch() !== epoch || this.#epoch !== epoch) return;
    if (this.#names.size + ids.length > LIMIT) this.#names.clear();
    for (const id of ids.slice(0, LIMIT)) this.#names.set(id, found.get(id) ?? NOTHING);
  }

  #forget(epoch: number): void {
    this.#names.clear();
    this.#epoch = epoch;
  }
}
