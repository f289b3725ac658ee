import type { JsonObject } from '../../../core/model/json.js';
import type { ScopeSet } from '../../../core/scopes/index.js';
import { pickKeys, Visibility } from '../../rbac/index.js';
import type { GroupRecord, Store } from '../../store/types.js';
import { groupModel } from '../models.js';

/** Models of many groups at once, one query per kind of row, with the keys that the caller may see. */
export class GroupModels {
  readonly #store: Pick<Store, 'groups' | 'roles'>;

  constructor(store: Pick<Store, 'groups' | 'roles'>) {
    this.#store = store;
  }

  async visible(groups: readonly GroupRecord[], scopes: ScopeSet): Promise<readonly JsonObject[]> {
    const ids = groups.map((group) => group.id);
    const [members, roles] = await Promise.all([
      this.#store.groups.membersOfMany(ids),
      this.#store.roles.ofMany('group', ids),
    ]);
    const visibility = new Visibility(scopes);
    return groups.map((group) => {
      const parts = {
        users: members.get(group.id) ?? [],
        roles: (roles.get(group.id) ?? []).map((role) => role.name),
      };
      return pickKeys(groupModel(group, parts), visibility.groupKeys(group.name)) as JsonObject;
    });
  }
}
