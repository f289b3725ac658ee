import { messageOf } from '../../core/fault.js';
import type { GroupRecord, Store, UserRecord } from '../store/types.js';

/** How names in the configuration become users; the rules are the authenticator's. */
export interface ConfigUsers {
  normalize(name: string): string;
  /**
   * The user of a normalised name, made with default roles when there is none.
   * @throws Error with a sentence that says why the name cannot be a user
   */
  getOrCreate(name: string, foundIn: string): Promise<UserRecord>;
}

/** Users named in the configuration, in order, without repetitions; what is wrong goes to `faults`. */
export async function resolveUsers(
  users: ConfigUsers,
  names: readonly string[],
  foundIn: string,
  faults: string[],
): Promise<readonly UserRecord[]> {
  const found: UserRecord[] = [];
  for (const name of new Set(names.map((text) => users.normalize(text)))) {
    try {
      found.push(await users.getOrCreate(name, foundIn));
    } catch (error) {
      faults.push(`${foundIn}: user ${JSON.stringify(name)}: ${messageOf(error)}`);
    }
  }
  return found;
}

export async function getOrCreateGroup(store: Pick<Store, 'groups'>, name: string): Promise<GroupRecord> {
  return (await store.groups.byName(name)) ?? store.groups.create(name);
}
