import type { Log } from '../../core/log.js';
import type { EntityKind, Repositories } from '../store/types.js';

const KINDS: readonly EntityKind[] = ['user', 'service', 'group'];

/**
 * The grants that the authenticator made, while a start finds out which of them it still stands by
 * (`reset_managed_roles_on_startup`). Those that nobody keeps are removed.
 */
export class ManagedAssignments {
  /** Ids by `role/kind`. */
  readonly #stale: Map<string, Set<number>>;

  private constructor(stale: Map<string, Set<number>>) {
    this.#stale = stale;
  }

  static async load({ roles }: Repositories): Promise<ManagedAssignments> {
    const stale = new Map<string, Set<number>>();
    for (const role of await roles.all()) {
      for (const kind of KINDS) {
        const ids = await roles.managedHolders(role.id, kind);
        if (ids.length > 0) stale.set(key(role.id, kind), new Set(ids));
      }
    }
    return new ManagedAssignments(stale);
  }

  keep(roleId: number, kind: EntityKind, ids: readonly number[]): void {
    const stale = this.#stale.get(key(roleId, kind));
    for (const id of ids) stale?.delete(id);
  }

  /** An authenticator that lists no users of a role leaves them as they are. Services and groups it must list. */
  keepAll(roleId: number, kind: EntityKind): void {
    if (kind === 'user') this.#stale.delete(key(roleId, kind));
  }

  async removeStale({ roles }: Repositories, log: Log): Promise<void> {
    for (const [text, ids] of this.#stale) {
      if (ids.size === 0) continue;
      const [roleId, kind] = split(text);
      log.info('removing role assignments that the authenticator no longer makes', { kind, count: ids.size });
      await roles.strip(roleId, kind, [...ids]);
    }
  }
}

function key(roleId: number, kind: EntityKind): string {
  return `${roleId}/${kind}`;
}

function split(text: string): readonly [number, EntityKind] {
  const [id, kind] = text.split('/');
  return [Number(id), KINDS.find((candidate) => candidate === kind) ?? 'user'];
}
