/** Groups of a user, from auth_state (oauthenticator 17.4.0 `get_user_groups`). */
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { misfit } from './faults.js';
import type { GroupsKey } from './traits.js';

/** Sorted, each once; none with an error in the log where there are none to be found. */
export async function groupsOf(
  key: string | GroupsKey,
  authState: JsonObject,
  log: Log,
): Promise<readonly string[]> {
  const found = typeof key === 'string' ? atPath(authState, key) : await called(key, authState);
  const groups = found instanceof Set ? [...found] : found;
  if (Array.isArray(groups)) return [...new Set(groups.map(String))].sort(byCodePoint);
  // Python's set() of a text is its characters, which nobody means.
  log.error('the groups of a user are not where auth_state_groups_key says', {
    key: typeof key === 'string' ? key : 'a function',
    present: Object.keys(authState).join(', '),
  });
  return [];
}

function atPath(authState: JsonObject, path: string): unknown {
  let value: unknown = authState;
  for (const name of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

async function called(key: GroupsKey, authState: JsonObject): Promise<unknown> {
  try {
    return await key(authState);
  } catch (error) {
    throw misfit(
      'Sign-in is not configured correctly: the groups cannot be read.',
      `auth_state_groups_key: ${messageOf(error)}`,
    );
  }
}

/** As Python sorts. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
