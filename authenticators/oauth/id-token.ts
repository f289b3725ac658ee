/** The claims of an id token that came straight from the provider (OpenID Connect Core 3.1.3.7, without the signature). */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { refusedAnswer } from './faults.js';

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE = 60;

export interface ExpectedToken {
  readonly audience: string;
  /** Unix seconds. */
  readonly now: number;
  readonly nonce?: string;
}

/** @throws Fault when it is none, is for somebody else, or too old */
export function idTokenClaims(token: string, { audience, now, nonce }: ExpectedToken): JsonObject {
  const claims = payloadOf(token);
  if (!claims) throw refusedAnswer('the id token', 'it is no JWT');
  const audiences = [claims['aud']].flat();
  if (!audiences.includes(audience)) throw refusedAnswer('the id token', 'it is for another client (aud)');
  const { exp, nonce: given } = claims;
  if (typeof exp !== 'number' || exp + CLOCK_TOLERANCE <= now)
    throw refusedAnswer('the id token', 'it has expired (exp)');
  // A provider that knows no nonce leaves it out; one that gives another answers somebody else's question.
  if (nonce !== undefined && given !== undefined && given !== nonce)
    throw refusedAnswer('the id token', 'it is for another sign-in (nonce)');
  return claims;
}

function payloadOf(token: string): JsonObject | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
