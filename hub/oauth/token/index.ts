/**
 * `/hub/api/oauth2/token` as a list of named steps: an authorization code becomes an access token, once. No refresh
 * tokens and no other grants, as JupyterHub 6.1.1.
 */
import { timestamp } from '../../../core/model/time.js';
import { GENERATED_ROUNDS, hashToken, newOAuthSecret, tokenPrefix } from '../../../core/wire/tokens.js';
import type { OAuthCodeRecord } from '../../store/types.js';
import { TokenRefused } from '../errors.js';
import { OAuthParameters } from '../parameters.js';
import type { OAuthDeps } from '../settings.js';
import { authenticateClient } from './client.js';
import { checkRedirectUri, checkVerifier, loadCode } from './code.js';

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
  readonly scope: string;
}

const ONCE = ['client_id', 'grant_type', 'redirect_uri'] as const;

/** @param query must be empty: secrets do not belong into URLs @throws TokenRefused */
export async function exchangeCode(body: string, query: string, deps: OAuthDeps): Promise<TokenAnswer> {
  if (query !== '') throw new TokenRefused('invalid_request', 'URL query parameters are not allowed');
  const parameters = OAuthParameters.parse(body) ?? OAuthParameters.NONE;
  checkGrantType(parameters);
  const client = await authenticateClient(parameters, deps.store);
  const code = await loadCode(parameters, client, deps);
  await checkVerifier(parameters, code, deps);
  checkRedirectUri(parameters, client);
  return issueToken(code, deps);
}

function checkGrantType(parameters: OAuthParameters): void {
  const type = parameters.get('grant_type');
  if (type === 'refresh_token' && parameters.get('refresh_token') === undefined) {
    throw new TokenRefused('invalid_request', 'Missing refresh token parameter.');
  }
  if (type !== 'authorization_code') throw new TokenRefused('unsupported_grant_type');
  if (parameters.get('code') === undefined) {
    throw new TokenRefused('invalid_request', 'Missing code parameter.');
  }
  const name = parameters.repeated(ONCE);
  if (name !== undefined) throw new TokenRefused('invalid_request', `Duplicate ${name} parameter.`);
}

/** Code and token change places in one transaction: of two who come at once, one gets it. */
async function issueToken(
  code: OAuthCodeRecord,
  { store, clock, settings }: OAuthDeps,
): Promise<TokenAnswer> {
  const token = newOAuthSecret();
  const now = clock.now();
  const row = {
    userId: code.userId,
    serviceId: null,
    hashed: hashToken(token, GENERATED_ROUNDS),
    prefix: tokenPrefix(token),
    clientId: code.clientId,
    sessionId: code.sessionId,
    created: timestamp(now),
    expiresAt: timestamp(now + settings.tokenLifetimeSeconds * 1000),
    note: '',
    scopes: code.scopes,
  };
  const issued = await store.transaction(async ({ oauth, tokens }) => {
    if (!(await oauth.deleteCode(code.id))) return false;
    await tokens.create(row);
    return true;
  });
  if (!issued) throw new TokenRefused('invalid_grant');
  return {
    access_token: token,
    expires_in: settings.tokenLifetimeSeconds,
    token_type: 'Bearer',
    scope: code.scopes.join(' '),
  };
}
