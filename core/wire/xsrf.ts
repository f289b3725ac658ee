/**
 * XSRF tokens in JupyterHub 6.1.1's form (`_xsrf_utils.py`): an unpadded base64url text of a signed value whose
 * payload names the browser session and who is signed in. Whether a request must bring one is decided in
 * fetch-metadata.ts.
 */
import { createHash } from 'node:crypto';
import type { AddressBlocks } from './addresses.js';
import { cookieValues } from './cookies.js';
import { decodeSignedValue, signValue } from './signed-value.js';
import { constantTimeEqual } from './tokens.js';

export const XSRF_COOKIE = '_xsrf';
/** Cookies of people who are not signed in live for an hour. */
export const ANONYMOUS_XSRF_SECONDS = 3600;
const MAX_AGE_DAYS = 31;

/** Literal text that JupyterHub writes where there is no session cookie yet. */
const NO_SESSION = 'None';

/** @param who `users.cookie_id` of whoever is signed in, else `anonymousXsrfId` */
export function xsrfId(sessionId: string | undefined, who: string): string {
  return `${sessionId ?? NO_SESSION}:${who}`;
}

/** @param now unix seconds */
export function createXsrfToken(secret: Uint8Array, id: string, now: number): string {
  return Buffer.from(signValue(secret, XSRF_COOKIE, id, now), 'utf8').toString('base64url');
}

/** The id that a token carries, or `undefined` when it is not one of ours. */
export function readXsrfToken(secret: Uint8Array, token: string, now: number): string | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(token)) return undefined;
  const signed = Buffer.from(token, 'base64url').toString('utf8');
  return decodeSignedValue(secret, XSRF_COOKIE, signed, { maxAgeDays: MAX_AGE_DAYS, now, minVersion: 2 });
}

export interface XsrfState {
  /** What pages embed and what a request must bring. */
  readonly token: string;
  /** False when the browser does not hold this token yet. */
  readonly inCookie: boolean;
}

/**
 * The token valid for this request: the first `_xsrf` cookie that verifies, if it was made for this very id,
 * else a new one. A cookie tossed in from another path or host is passed over, whatever its order.
 */
export function xsrfState(
  secret: Uint8Array,
  cookieHeader: string | undefined,
  id: string,
  now: number,
): XsrfState {
  for (const token of cookieValues(cookieHeader, XSRF_COOKIE)) {
    const carried = readXsrfToken(secret, token, now);
    if (carried === undefined) continue;
    if (carried === id) return { token, inCookie: true };
    break;
  }
  return { token: createXsrfToken(secret, id, now), inCookie: false };
}

/** What is wrong with the token a request brought, in JupyterHub's words; `undefined` when nothing is. */
export function xsrfFailure(method: string, given: string | undefined, expected: string): string | undefined {
  if (!given) return `'_xsrf' argument missing from ${method}`;
  if (!constantTimeEqual(given, expected))
    return `XSRF cookie does not match ${method.toUpperCase()} argument`;
  return undefined;
}

export interface AnonymousIdRules {
  /** JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS: addresses inside one count as one client. */
  readonly blocks: AddressBlocks;
  /** JUPYTERHUB_XSRF_ANONYMOUS_ID_HEADERS, default `User-Agent`. */
  readonly headers: readonly string[];
}

/** Names a browser that has not signed in: its address (or block) and some headers, hashed. */
export function anonymousXsrfId(
  address: string,
  header: (name: string) => string | undefined,
  rules: AnonymousIdRules,
): string {
  const hash = createHash('sha256').update(rules.blocks.match(address) ?? address, 'utf8');
  for (const name of rules.headers) {
    // 0xFF stands in no UTF-8 text, so values cannot run into each other.
    hash.update(header(name) ?? '', 'utf8').update(Buffer.of(0xff));
  }
  return hash.digest('base64').replaceAll('+', '-').replaceAll('/', '_');
}
