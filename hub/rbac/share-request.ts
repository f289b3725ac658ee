import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { ScopeRegistry } from '../../core/scopes/index.js';
import { isStorable } from './storable.js';

/** Whom a share is for. */
export type Grantee =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string };

export interface ShareRequest {
  readonly grantee: Grantee;
  /** Absent: the default when granting, all of them when revoking. */
  readonly scopes?: readonly string[];
}

export interface ShareCodeRequest {
  readonly scopes?: readonly string[];
  /** Seconds. */
  readonly expiresIn: number;
}

const DAY = 86_400;
const MIN_EXPIRY = 60;
const MAX_EXPIRY = 365 * DAY;
const MAX_SCOPES = 1000;

/** Body of POST and PATCH `/shares/:owner/:server`. @throws Fault 400; an unknown key is an error */
export function readShareRequest(body: unknown, registry: ScopeRegistry): ShareRequest {
  const given = readObject(body, ['scopes', 'user', 'group']);
  const user = readName(given, 'user');
  const group = readName(given, 'group');
  if (user && group) throw bad('Expected exactly one of `user` or `group`, not both.');
  if (!user && !group) throw bad('Specify exactly one of `user` or `group`');
  const grantee: Grantee = user ? { kind: 'user', name: user } : { kind: 'group', name: group ?? '' };
  return { grantee, ...readScopes(given, registry) };
}

/** Body of POST `/share-codes/:owner/:server`. @throws Fault 400 */
export function readShareCodeRequest(body: unknown, registry: ScopeRegistry): ShareCodeRequest {
  const given = readObject(body, ['scopes', 'expires_in']);
  const { expires_in: asked = DAY } = given;
  // JupyterHub's model takes digits for a number.
  const expiresIn = typeof asked === 'string' && /^\d{1,10}$/.test(asked) ? Number(asked) : asked;
  if (typeof expiresIn !== 'number' || !Number.isInteger(expiresIn))
    throw bad('expires_in must be whole seconds');
  if (expiresIn < MIN_EXPIRY || expiresIn > MAX_EXPIRY) {
    throw bad(`expires_in must be from ${MIN_EXPIRY} to ${MAX_EXPIRY} seconds`);
  }
  return { expiresIn, ...readScopes(given, registry) };
}

function readObject(body: unknown, keys: readonly string[]): JsonObject {
  const given = body ?? {};
  if (!isJsonObject(given)) throw bad('Body must be a JSON dict or empty');
  const strange = Object.keys(given).filter((key) => !keys.includes(key));
  if (strange.length > 0) throw bad(`Unknown key: ${strange.join(', ').slice(0, 200)}`);
  return given;
}

function readName(given: JsonObject, key: string): string | undefined {
  const value = given[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || !isStorable(value)) throw bad(`${key} must be a name`);
  return value;
}

function readScopes(given: JsonObject, registry: ScopeRegistry): { readonly scopes?: readonly string[] } {
  const { scopes } = given;
  if (scopes === undefined || scopes === null) return {};
  if (
    !Array.isArray(scopes) ||
    scopes.length > MAX_SCOPES ||
    !scopes.every((item) => typeof item === 'string')
  ) {
    throw bad('scopes must be a list of scopes');
  }
  registry.check(scopes, 'share');
  return scopes.length === 0 ? {} : { scopes };
}

function bad(message: string): Fault {
  return new Fault('SHARE_REQUEST', message, { status: 400 });
}
