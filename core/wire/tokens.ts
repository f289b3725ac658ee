/**
 * Tokens: how they are made, hashed, compared and named. Owns the texts in `api_tokens.hashed`,
 * `share_codes.hashed` and `oauth_clients.secret`; looking them up is the store's, deciding what they permit
 * is `hub/rbac`'s. Formats of JupyterHub 6.1.1 (utils.hash_token, orm.Hashed, oauthlib's generate_token).
 */
import { createHash, getHashes, randomBytes, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import { pyQuote } from '../model/names.js';

/** Rounds for secrets that the hub itself made: they carry 122 bits or more and need no stretching. */
export const GENERATED_ROUNDS = 1;
/** Rounds for secrets a person or a configuration supplied, and for every OAuth client's secret. */
export const SUPPLIED_ROUNDS = 16_384;
/** Shortest token that somebody else may supply. */
export const MIN_SUPPLIED_TOKEN = 8;

const PREFIX_LENGTH = 4;
/** A row may ask for any number of rounds; beyond this a comparison would hold up the process. */
const MAX_ROUNDS = 1_000_000;
const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const OAUTH_TOKEN_LENGTH = 30;

/** The first four characters (code points, as Python slices), by which candidate rows are found. */
export function tokenPrefix(token: string): string {
  return [...token.slice(0, PREFIX_LENGTH * 2)].slice(0, PREFIX_LENGTH).join('');
}

/** `sha512:ROUNDS:SALT:HEXDIGEST`. */
export function hashToken(token: string, rounds: number, salt = randomBytes(8).toString('hex')): string {
  return hashWith('sha512', rounds, salt, token);
}

/** Constant-time; false for a stored text that is not in the form. */
export function compareToken(stored: string, token: string): boolean {
  const [algorithm, roundsText, salt, digest, ...rest] = stored.split(':');
  if (!algorithm || !roundsText || salt === undefined || !digest || rest.length > 0) return false;
  const rounds = Number(roundsText);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) return false;
  if (!KNOWN_HASHES.has(algorithm)) return false;
  return constantTimeEqual(stored, hashWith(algorithm, rounds, salt, token));
}

/** Compares secrets of any length without telling by time where they differ. */
export function constantTimeEqual(left: string, right: string): boolean {
  const a = createHash('sha256').update(left).digest();
  const b = createHash('sha256').update(right).digest();
  return timingSafeEqual(a, b);
}

/** API token of the hub: uuid4, 32 lower-case hex digits. */
export function newApiToken(): string {
  return hexUuid();
}

/** The value of the `jupyterhub-session-id` cookie. */
export function newSessionId(): string {
  return hexUuid();
}

/** 30 of [A-Za-z0-9]: OAuth access tokens and authorization codes (oauthlib's default generator). */
export function newOAuthSecret(): string {
  let text = '';
  while (text.length < OAUTH_TOKEN_LENGTH) text += ALPHANUMERIC.charAt(randomInt(ALPHANUMERIC.length));
  return text;
}

/** 43 characters of base64url. */
export function newShareCode(): string {
  return randomBytes(32).toString('base64url');
}

/** How REST names a token: `a12`. */
export function publicTokenId(id: number): string {
  return `a${id}`;
}

/**
 * OAuth client of a user's server, and the name of that server's cookie. Slashes stay, everything else unsafe is
 * percent-encoded. User `a` with server `b` and the default server of user `a-b` share a client, as in JupyterHub.
 */
export function serverClientId(userName: string, serverName: string): string {
  const own = `jupyterhub-user-${pyQuote(userName)}`;
  return serverName === '' ? own : `${own}-${pyQuote(serverName)}`;
}

const KNOWN_HASHES: ReadonlySet<string> = new Set(getHashes());

function hexUuid(): string {
  return randomUUID().replaceAll('-', '');
}

/** The salt's hex text is hashed, not the bytes it stands for; then the token `rounds` times, in one hash. */
function hashWith(algorithm: string, rounds: number, salt: string, token: string): string {
  const hash = createHash(algorithm).update(salt, 'utf8');
  const text = token.replace(LONE_SURROGATE, '?');
  // Many rounds at once: a call into the hash costs more than the hashing of one token.
  const whole = Math.floor(rounds / ROUNDS_AT_ONCE);
  if (whole > 0) {
    const many = Buffer.from(text.repeat(ROUNDS_AT_ONCE), 'utf8');
    for (let batch = 0; batch < whole; batch++) hash.update(many);
  }
  hash.update(text.repeat(rounds % ROUNDS_AT_ONCE), 'utf8');
  return `${algorithm}:${rounds}:${salt}:${hash.digest('hex')}`;
}

const ROUNDS_AT_ONCE = 128;

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
