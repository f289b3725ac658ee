import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonValue } from '../../core/model/json.js';
import type { Resource } from '../../core/scopes/index.js';
import { isTruthy, pythonRepr } from '../http/python-text.js';
import type { Principal } from '../principal.js';
import type { Access } from './access.js';
import { ownerName, ownerOf } from './owner.js';
import { isStorable } from './storable.js';

/** A wish for an API token, well-formed but not yet judged. */
export interface TokenRequest {
  readonly note: string | undefined;
  /** Seconds; `null`: never. */
  readonly expiresIn: number | null;
  readonly scopes: readonly string[] | undefined;
  readonly roles: readonly string[] | undefined;
}

/** Longest note that the database column takes. */
const MAX_NOTE = 1023;
const MAX_ITEMS = 1000;
/** Seconds: a thousand years. What is later than the year 9999 is no time for a database. */
const MAX_EXPIRY = 31_557_600_000;

/**
 * Reads the body of `POST /users/:u/tokens`. Keys it does not know are ignored (JupyterHub 6.1.1).
 * @param maxExpiresIn `token_expires_in_max_seconds`; 0: no limit
 * @throws Fault 400
 */
export function readTokenRequest(body: unknown, maxExpiresIn: number): TokenRequest {
  const given = body ?? {};
  if (!isJsonObject(given)) throw bad('Body must be a JSON dict or empty');
  const roles = readNames(given['roles'], 'roles');
  const scopes = readNames(given['scopes'], 'scopes');
  return {
    note: readNote(given['note']),
    expiresIn: readExpiry(given['expires_in'], maxExpiresIn),
    scopes,
    roles,
  };
}

/** What the hub writes when nobody wrote a note. */
export function defaultNote(requester: Principal, forUser: string): string {
  const owner = ownerOf(requester);
  const same = owner?.kind === 'user' && owner.user.name === forUser;
  return owner && !same ? `Requested via api by ${owner.kind} ${ownerName(owner)}` : 'Requested via api';
}

/**
 * Whether the requester may make tokens for a user. The refusal is one for "may not" and "no such user".
 * @throws Fault 403
 */
export async function demandTokenCreation(access: Access, userName: string, exists: boolean): Promise<void> {
  const target: Resource = { kind: 'user', name: userName };
  if (exists && (await access.decide(['tokens'], target)).allowed) return;
  const kind = access.principal.kind === 'service' ? 'Service' : 'User';
  throw new Fault('ACCESS_DENIED', `${kind} ${userName} not found or no permissions to generate tokens`, {
    status: 403,
  });
}

function readNames(value: unknown, key: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isName)) return value;
  throw bad(`token ${key} must be null or a list of strings, not ${pythonRepr(value as JsonValue)}`);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isStorable(value);
}

/** What is empty to Python is none; a number becomes text, as it does in the database's column. */
function readNote(value: JsonValue | undefined): string | undefined {
  if (value === undefined || !isTruthy(value)) return undefined;
  if (typeof value === 'object') throw bad(`token note must be null or text, not ${pythonRepr(value)}`);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll('\u0000', '').slice(0, MAX_NOTE);
}

function readExpiry(value: unknown, max: number): number | null {
  // To Python true is 1.
  const seconds = typeof value === 'boolean' ? Number(value) : (value ?? null);
  if (seconds !== null && !Number.isSafeInteger(seconds)) {
    throw bad(`token expires_in must be null or integer, not ${pythonRepr(value as JsonValue)}`);
  }
  const wanted = seconds as number | null;
  if (max > 0 && wanted === null) return max;
  if (max > 0 && wanted !== null && wanted > max)
    throw bad(`token expires_in: ${wanted} must not exceed ${max}`);
  if (wanted !== null && wanted < 1)
    throw bad(`expires_in must be a positive integer or null, not ${wanted}`);
  if (wanted !== null && wanted > MAX_EXPIRY) throw bad(`expires_in must not exceed ${MAX_EXPIRY}`);
  return wanted;
}

function bad(message: string): Fault {
  return new Fault('TOKEN_REQUEST', message, { status: 400 });
}
