import type { Log } from '../../core/log.js';
import type { Repositories } from '../store/types.js';
import { existingRole } from './default-roles.js';
import { allUsers } from './load-roles.js';
import type { RoleSpec } from './role-spec.js';

/** A user or service with its flag, and how to set it. */
interface Flagged {
  readonly kind: 'user' | 'service';
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
  set(admin: boolean): Promise<void>;
}

/**
 * Brings the admin flag and the role `admin` together. Who holds the role gets the flag. Who has the flag without the
 * role loses it where the configuration lists the role's members of that kind, and gets the role where it does not.
 */
export async function syncAdminFlags(
  repositories: Repositories,
  adminSpec: RoleSpec | undefined,
  log: Log,
): Promise<void> {
  const role = await existingRole(repositories, 'admin');
  const holders = {
    user: new Set(await repositories.roles.holders(role.id, 'user')),
    service: new Set(await repositories.roles.holders(role.id, 'service')),
  };
  const listed = { user: adminSpec?.users !== undefined, service: adminSpec?.services !== undefined };
  for await (const entity of flagged(repositories)) {
    const { kind, id, name } = entity;
    if (holders[kind].has(id) === entity.admin) continue;
    if (!entity.admin) {
      log.info('holds the role admin: setting the admin flag', { kind, name });
      await entity.set(true);
    } else if (listed[kind]) {
      log.warn('is not in the configured role admin: removing the admin flag', { kind, name });
      await entity.set(false);
    } else {
      await repositories.roles.grant(role.id, kind, [id]);
    }
  }
}

async function* flagged(repositories: Repositories): AsyncIterable<Flagged> {
  for await (const user of allUsers(repositories)) {
    const { id, name, admin } = user;
    yield { kind: 'user', id, name, admin, set: (value) => repositories.users.update(id, { admin: value }) };
  }
  for (const service of await repositories.services.all()) {
    const { id, name, admin } = service;
    const set = async (value: boolean): Promise<void> => {
      await repositories.services.upsert({ ...service, admin: value });
    };
    yield { kind: 'service', id, name, admin, set };
  }
}
