import { StartupFault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { Store, UserRecord } from '../store/types.js';
import { type ConfigUsers, getOrCreateGroup, resolveUsers } from './config-users.js';
import { isStorable } from './storable.js';

interface GroupSpec {
  readonly name: string;
  readonly users: readonly string[];
  /** Absent: left as they are. */
  readonly properties?: JsonObject;
}

const MAX_NAME = 255;

/**
 * `c.JupyterHub.load_groups`: makes the groups and adds the users; takes nobody out. Properties are replaced when given.
 * @throws StartupFault with everything that is wrong; users named before may have been made, no group has
 */
export async function loadGroups(
  store: Store,
  config: JsonObject,
  options: { readonly users: ConfigUsers; readonly manageGroups: boolean; readonly log: Log },
): Promise<void> {
  if (options.manageGroups && Object.keys(config).length > 0) {
    throw new StartupFault([
      'load_groups: Authenticator.manage_groups is on, so the authenticator decides about groups',
    ]);
  }
  const faults: string[] = [];
  const specs = Object.entries(config).flatMap(([name, value]) => readSpec(name, value, options.log, faults));
  const members = new Map<string, readonly UserRecord[]>();
  for (const { name, users } of specs) {
    members.set(name, await resolveUsers(options.users, users, `group ${JSON.stringify(name)}`, faults));
  }
  if (faults.length > 0) throw new StartupFault(faults);
  await store.transaction(async (repositories) => {
    for (const spec of specs) {
      const group = await getOrCreateGroup(repositories, spec.name);
      const present = new Set<string>(await repositories.groups.members(group.id));
      const added = (members.get(spec.name) ?? []).filter((user) => !present.has(user.name));
      if (added.length > 0)
        await repositories.groups.addUsers(
          group.id,
          added.map((user) => user.id),
        );
      if (spec.properties) await repositories.groups.setProperties(group.id, spec.properties);
    }
  });
}

function readSpec(name: string, value: unknown, log: Log, faults: string[]): readonly GroupSpec[] {
  const at = `load_groups: group ${JSON.stringify(name)}`;
  if (name === '' || name.length > MAX_NAME || !isStorable(name))
    faults.push(`${at}: a name has 1 to ${MAX_NAME} characters`);
  if (Array.isArray(value)) {
    log.warn('load_groups: a list of users is deprecated, write {"users": [...]}', { group: name });
    return readSpec(name, { users: value }, log, faults);
  }
  if (!isJsonObject(value)) {
    faults.push(`${at} must be an object with users, properties or both`);
    return [];
  }
  const { users = [], properties } = value;
  if (!Array.isArray(users) || !users.every((user) => typeof user === 'string')) {
    faults.push(`${at}: users must be a list of names`);
    return [];
  }
  if (properties !== undefined && !isJsonObject(properties)) {
    faults.push(`${at}: properties must be an object`);
    return [];
  }
  return [{ name, users, ...(properties === undefined ? {} : { properties }) }];
}
