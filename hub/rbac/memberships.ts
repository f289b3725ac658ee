import type { Membership } from '../../core/scopes/index.js';
import type { Store } from '../store/types.js';
import { EpochCache } from './epoch-cache.js';
import { isStorable } from './storable.js';

/** Which groups users belong to, loaded before the algebra asks. */
export class Memberships {
  readonly #store: Store;
  readonly #groups: EpochCache<ReadonlySet<string>>;

  constructor(store: Store) {
    this.#store = store;
    this.#groups = new EpochCache(() => store.rightsEpoch());
  }

  /** Answers for these users; for any other it says no. */
  async of(users: Iterable<string>): Promise<Membership> {
    const names = [...new Set(users)];
    const groups = await Promise.all(names.map((name) => this.#groupsOf(name)));
    const known = new Map(names.map((name, index) => [name, groups[index]]));
    return { isMember: (user, group) => known.get(user)?.has(group) ?? false };
  }

  #groupsOf(name: string): Promise<ReadonlySet<string>> {
    // Names come from URLs and from scopes in requests.
    if (!isStorable(name)) return Promise.resolve(new Set());
    return this.#groups.get(name, async () => {
      const user = await this.#store.users.byName(name);
      if (!user) return new Set();
      return new Set((await this.#store.groups.byUser(user.id)).map((group) => group.name));
    });
  }
}

/** For one user whose groups are at hand, as in a list. */
export function membershipOf(user: string, groups: readonly string[]): Membership {
  return { isMember: (name, group) => name === user && groups.includes(group) };
}
