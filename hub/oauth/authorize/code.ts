/** Authorization codes: made for one client, user and browser session, for five minutes. */
import { newOAuthSecret } from '../../../core/wire/tokens.js';
import type { OAuthClientRecord, UserRecord } from '../../store/types.js';
import { CODE_LIFETIME_SECONDS, type OAuthDeps } from '../settings.js';
import type { Challenge } from './request.js';

export async function issueCode(
  grant: {
    readonly client: OAuthClientRecord;
    readonly user: UserRecord;
    readonly sessionId: string;
    readonly scopes: readonly string[];
    readonly challenge: Challenge | undefined;
  },
  { store, clock }: OAuthDeps,
): Promise<string> {
  const code = newOAuthSecret();
  await store.oauth.createCode({
    clientId: grant.client.identifier,
    code,
    expiresAt: Math.floor(clock.now() / 1000) + CODE_LIFETIME_SECONDS,
    redirectUri: grant.client.redirectUri,
    sessionId: grant.sessionId,
    userId: grant.user.id,
    scopes: grant.scopes,
    codeChallenge: grant.challenge?.value ?? null,
    codeChallengeMethod: grant.challenge?.method ?? null,
  });
  return code;
}
