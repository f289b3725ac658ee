/**
 * The user model as hooks written for JupyterHub see it (`name`, `admin`, `auth_state`, `groups`, `roles`,
 * `user_info`), and back. A hook is a person's code: what it returns is checked.
 */
import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';

export function toHookModel(model: AuthModel): Record<string, unknown> {
  return {
    name: model.name,
    admin: model.admin ?? null,
    auth_state: model.authState ?? null,
    user_info: model.userInfo ?? null,
    ...(model.groups !== undefined && { groups: model.groups }),
    ...(model.roles !== undefined && { roles: model.roles }),
  };
}

/** `undefined` for null and undefined: the hook refuses. @throws Fault when it is no model */
export function fromHookModel(value: unknown, hook: string): AuthModel | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isJsonObject(value) || typeof value['name'] !== 'string') {
    throw new Fault('AUTH_MODEL_INVALID', 'Sign-in is not configured correctly', {
      detail: `${hook} must return the user model with its name, or null`,
    });
  }
  const { name, admin, auth_state, user_info, groups, roles } = value;
  return {
    name,
    admin: typeof admin === 'boolean' ? admin : null,
    authState: asObject(auth_state),
    userInfo: asObject(user_info),
    ...(groups !== undefined && { groups: asList(groups)?.map(String) ?? null }),
    ...(roles !== undefined && { roles: asList(roles)?.filter(isJsonObject) ?? null }),
  };
}

function asObject(value: JsonValue | undefined): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

function asList(value: unknown): readonly unknown[] | null {
  if (value instanceof Set) return [...value];
  return Array.isArray(value) ? value : null;
}
