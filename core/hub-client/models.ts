import { isJsonObject } from '../model/json.js';

/** The holder of a token, as `GET /hub/api/user` describes it (JupyterHub 3 to 6). */
export interface TokenHolder {
  readonly kind: 'user' | 'service';
  readonly name: string;
  /** Expanded scopes of this token. */
  readonly scopes: readonly string[];
  /** The browser session that the token is bound to; absent for API tokens. */
  readonly sessionId: string | undefined;
  /** JupyterHub 5 and newer, e.g. `a12`. */
  readonly tokenId: string | undefined;
}

/** Reply of the token endpoint (RFC 6749 section 5.1). */
export interface AccessGrant {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number | undefined;
}

/** What a revocation names: everything that matches one of its fields is signed out. */
export interface Revocation {
  readonly tokenId?: string;
  readonly sessionId?: string;
  readonly user?: string;
}

export interface RevocationPage {
  readonly cursor: string;
  readonly revoked: readonly Revocation[];
  /** The hub does not know the cursor any more: everything must be asked again. */
  readonly reset: boolean;
}

const MAX_SCOPES = 100_000;
const MAX_TOKEN = 2048;
const MAX_REVOCATIONS = 10_000;

/** `undefined` when the answer is not a user model. */
export function parseTokenHolder(value: unknown): TokenHolder | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kind, name, scopes } = value;
  if (typeof name !== 'string' || name === '' || (kind !== 'user' && kind !== 'service')) return undefined;
  if (!Array.isArray(scopes) || scopes.length > MAX_SCOPES) return undefined;
  return {
    kind,
    name,
    scopes: scopes.filter((scope) => typeof scope === 'string'),
    sessionId: text(value['session_id']),
    tokenId: text(value['token_id']),
  };
}

export function parseAccessGrant(value: unknown): AccessGrant | undefined {
  if (!isJsonObject(value)) return undefined;
  const token = text(value['access_token']);
  if (token === undefined || token.length > MAX_TOKEN || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  const expires = value['expires_in'];
  return {
    accessToken: token,
    expiresIn: typeof expires === 'number' && Number.isFinite(expires) && expires > 0 ? expires : undefined,
  };
}

export function parseRevocationPage(value: unknown): RevocationPage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { cursor, revoked } = value;
  if (typeof cursor !== 'number' && typeof cursor !== 'string') return undefined;
  if (!Array.isArray(revoked) || revoked.length > MAX_REVOCATIONS) return undefined;
  return {
    cursor: String(cursor).slice(0, 128),
    revoked: revoked.flatMap((entry) => {
      const one = parseRevocation(entry);
      return one ? [one] : [];
    }),
    reset: value['reset'] === true,
  };
}

function parseRevocation(value: unknown): Revocation | undefined {
  if (!isJsonObject(value)) return undefined;
  const tokenId = text(value['token_id']);
  const sessionId = text(value['session_id']);
  const user = text(value['user']);
  if (tokenId === undefined && sessionId === undefined && user === undefined) return undefined;
  return {
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(user === undefined ? {} : { user }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
