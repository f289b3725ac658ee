/**
 * The code that is exchanged. A missing or wrong verifier burns it: whoever sends one is not who asked for the code, and
 * gets no second guess. (JupyterHub leaves it usable.)
 */
import { isChallengeMethod, verifierMatches } from '../../../core/wire/pkce.js';
import type { OAuthClientRecord, OAuthCodeRecord } from '../../store/types.js';
import { TokenRefused } from '../errors.js';
import type { OAuthParameters } from '../parameters.js';
import type { OAuthDeps } from '../settings.js';

/** What the database column takes. */
const MAX_CODE = 36;

/** @throws TokenRefused invalid_grant: unknown, used, expired, or another client's */
export async function loadCode(
  parameters: OAuthParameters,
  client: OAuthClientRecord,
  { store, clock }: OAuthDeps,
): Promise<OAuthCodeRecord> {
  const given = parameters.get('code') ?? '';
  const known = /^[\x21-\x7e]+$/.test(given) && given.length <= MAX_CODE;
  const code = known ? await store.oauth.code(given) : undefined;
  const expired = code !== undefined && code.expiresAt !== null && code.expiresAt < clock.now() / 1000;
  if (!code || expired || code.clientId !== client.identifier) throw new TokenRefused('invalid_grant');
  return code;
}

/** @throws TokenRefused; the code is gone then */
export async function checkVerifier(
  parameters: OAuthParameters,
  code: OAuthCodeRecord,
  { store, settings, log }: OAuthDeps,
): Promise<void> {
  const refusal = verifierRefusal(parameters.get('code_verifier'), code, settings.requirePkce);
  if (!refusal) return;
  await store.oauth.deleteCode(code.id);
  log.warn('authorization code burnt: its verifier is missing or wrong', { client: code.clientId });
  throw refusal;
}

function verifierRefusal(
  verifier: string | undefined,
  code: OAuthCodeRecord,
  requirePkce: boolean,
): TokenRefused | undefined {
  if (code.codeChallenge === null) {
    if (!requirePkce) return undefined;
    return verifier === undefined ? missing() : new TokenRefused('invalid_grant', 'Challenge not found');
  }
  if (verifier === undefined) return missing();
  const method = code.codeChallengeMethod ?? '';
  if (!isChallengeMethod(method)) return new TokenRefused('invalid_grant', 'Challenge method not found');
  return verifierMatches(method, code.codeChallenge, verifier)
    ? undefined
    : new TokenRefused('invalid_grant');
}

function missing(): TokenRefused {
  return new TokenRefused('invalid_request', 'Code verifier required.');
}

/** May be left out; sent, it must be the one that the code was sent to. The code stays good. @throws TokenRefused */
export function checkRedirectUri(parameters: OAuthParameters, client: OAuthClientRecord): void {
  const given = parameters.get('redirect_uri');
  if (given !== undefined && given !== client.redirectUri) {
    throw new TokenRefused('invalid_request', 'Mismatching redirect URI.');
  }
}
