/** Type checks of request bodies, with JupyterHub's words (apihandlers/base.py `_check_model`, 6.1.1). */
import { isJsonObject, type JsonValue } from '../../core/model/json.js';
import { httpError } from '../http/errors.js';
import { pythonRepr, pythonType } from '../http/python-text.js';

type PythonType = 'str' | 'bool' | 'list' | 'dict';
type BodyTypes = Readonly<Record<string, PythonType>>;

const USER: BodyTypes = { name: 'str', admin: 'bool', groups: 'list', roles: 'list', auth_state: 'dict' };
const SERVICE: BodyTypes = {
  name: 'str',
  admin: 'bool',
  url: 'str',
  oauth_client_allowed_scopes: 'list',
  api_token: 'str',
  info: 'dict',
  display: 'bool',
  oauth_no_confirm: 'bool',
  command: 'list',
  cwd: 'str',
  environment: 'dict',
  user: 'str',
  oauth_client_id: 'str',
  oauth_redirect_uri: 'str',
};
const GROUP: BodyTypes = { name: 'str', users: 'list', roles: 'list' };

const FITS: Readonly<Record<PythonType, (value: JsonValue | undefined) => boolean>> = {
  str: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value),
  dict: (value) => isJsonObject(value),
};

/** @throws Fault 400 */
export function checkUserModel(body: JsonValue): void {
  checkModel(body, USER, 'user');
}

/** @throws Fault 400 */
export function checkGroupModel(body: JsonValue): void {
  checkModel(body, GROUP, 'group');
}

/** @throws Fault 400 */
export function checkServiceModel(body: JsonValue): void {
  checkModel(body, SERVICE, 'service');
}

function checkModel(body: JsonValue, types: BodyTypes, kind: string): void {
  const shown = (): string => pythonRepr(body);
  if (!isJsonObject(body)) throw httpError(400, `Invalid JSON data: ${shown()}`);
  if (Object.keys(body).some((key) => !Object.hasOwn(types, key))) {
    throw httpError(400, `Invalid JSON keys: ${shown()}`);
  }
  for (const [key, value] of Object.entries(body)) {
    const type = types[key] as PythonType;
    if (!FITS[type](value)) {
      throw httpError(400, `${kind}.${key} must be <class '${type}'>, not: <class '${pythonType(value)}'>`);
    }
  }
}

/** What Python goes through where a list is expected and not asked for: the characters of a text, the keys of an object. */
export function elementsOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (typeof value === 'string') return [...value];
  if (Array.isArray(value)) return value as readonly JsonValue[];
  return isJsonObject(value) ? Object.keys(value) : undefined;
}
