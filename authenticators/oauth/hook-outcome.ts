/** What `refresh_user_hook` may say (oauthenticator 17.4.0): true, false, a user model in JupyterHub's names, or null. */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { RefreshOutcome } from '../../core/plugin/authenticator.js';
import { misfit } from './faults.js';

/** `undefined`: go on as usual. @throws Fault for anything else */
export function hookOutcome(result: unknown): RefreshOutcome | undefined {
  if (result === null || result === undefined) return undefined;
  if (result === true) return { kind: 'valid' };
  if (result === false) return { kind: 'expired' };
  if (isJsonObject(result)) return { kind: 'updated', model: modelOf(result) };
  throw misfit(
    'Sign-in failed because of a fault in its configuration.',
    'refresh_user_hook must return true, false, a user model or null',
  );
}

function modelOf(given: JsonObject) {
  const { name, admin, auth_state: authState, groups } = given;
  return {
    name: String(name ?? ''),
    ...(typeof admin === 'boolean' && { admin }),
    ...((authState === null || isJsonObject(authState)) && { authState }),
    ...(Array.isArray(groups) && { groups: groups.map(String) }),
  };
}
