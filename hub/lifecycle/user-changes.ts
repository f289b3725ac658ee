import type { UserRecord } from '../store/types.js';
import { type ServerEntry, statusOf } from './entry.js';
import { refusal } from './failure.js';
import type { Registry } from './registry.js';

/** What stopping and forgetting servers takes. */
export interface UserChangePort {
  /** @throws Fault when it could not be stopped */
  stop(entry: ServerEntry): Promise<void>;
  /** Has the spawner forget every server of the user. */
  forget(user: UserRecord): Promise<void>;
}

/**
 * Stops and forgets the servers of a user, then has `remove` delete the user; none of their servers starts meanwhile.
 * @throws Fault 400 while they are being deleted or renamed, or a server of theirs cannot be stopped now; whatever
 * stopping or `remove` throws: then the user is as before, with fewer servers
 */
export async function deleteUser(
  registry: Registry,
  port: UserChangePort,
  user: UserRecord,
  remove: () => Promise<void>,
): Promise<void> {
  using _ = registry.marks.set(user, 'deleted');
  if (activeOf(registry, user).some((entry) => entry.pending === 'rename'))
    throw refusal('SERVER_PENDING', `A server of ${user.name} is being renamed. Try again in a moment.`);
  await Promise.all(activeOf(registry, user).map((entry) => port.stop(entry)));
  if (activeOf(registry, user).length > 0)
    throw refusal('SERVER_PENDING', `${user.name}'s server is in the process of stopping, please wait.`);
  await port.forget(user);
  await remove();
  dropAll(registry, user);
}

/**
 * Has `write` give a user another name, while none of their servers runs or starts: a server keeps the address of the
 * old name, whose next holder would be let in there.
 * @throws Fault 400 while any server is active, or the user is being deleted or renamed; whatever `write` throws
 */
export async function renameUser(
  registry: Registry,
  user: UserRecord,
  write: () => Promise<void>,
): Promise<void> {
  using _ = registry.marks.set(user, 'renamed');
  if (activeOf(registry, user).length > 0) {
    const words = `${user.name} has active servers. Please stop them before renaming the user.`;
    throw refusal('SERVER_ACTIVE', words);
  }
  await write();
  dropAll(registry, user);
}

function activeOf(registry: Registry, user: UserRecord): readonly ServerEntry[] {
  return registry.ofUser(user.id).filter((entry) => statusOf(entry).active);
}

/** Failures that were kept for the user's pages. */
function dropAll(registry: Registry, user: UserRecord): void {
  for (const entry of registry.ofUser(user.id)) registry.drop(entry);
}
