/** Whether a person is asked, and what the page then tells them (JupyterHub 6.1.1 `needs_oauth_confirm`). */

import { timestamp } from '../../../core/model/time.js';
import type { IssuingClient } from '../../../core/scopes/index.js';
import { describeScopes } from '../../../core/scopes/index.js';
import type { OAuthClientRecord, UserRecord } from '../../store/types.js';
import type { OAuthDeps } from '../settings.js';
import { requiredScopes } from './scopes.js';

/** Not for one's own server, a service that the configuration trusts (`oauth_no_confirm`), or scopes that were granted to it before. */
export async function needsConfirmation(
  client: OAuthClientRecord,
  issuing: IssuingClient,
  user: UserRecord,
  scopes: readonly string[],
  deps: OAuthDeps,
): Promise<boolean> {
  if (issuing.kind === 'server' && issuing.user === user.name) return false;
  if (issuing.kind === 'service') {
    const service = await deps.store.services.byName(issuing.name);
    if (service?.oauthNoConfirm) return false;
  }
  return !(await grantedBefore(client, user, scopes, deps));
}

async function grantedBefore(
  client: OAuthClientRecord,
  user: UserRecord,
  scopes: readonly string[],
  { store, clock }: OAuthDeps,
): Promise<boolean> {
  const now = timestamp(clock.now());
  const tokens = await store.tokens.byUserAndClient(user.id, client.identifier);
  const living = tokens.filter((token) => token.expiresAt === null || token.expiresAt >= now);
  const granted = new Set(living.flatMap((token) => token.scopes));
  return granted.size > 0 && scopes.every((scope) => granted.has(scope));
}

/** Variables of `oauth.html` under JupyterHub's names. */
export function confirmationPage(
  client: OAuthClientRecord,
  issuing: IssuingClient,
  user: UserRecord,
  scopes: readonly string[],
  { rights }: OAuthDeps,
): Readonly<Record<string, unknown>> {
  const required = requiredScopes(issuing);
  const beyond = scopes.filter((scope) => !required.includes(scope));
  const inherits = beyond.includes('inherit');
  const described = inherits ? ['inherit'] : beyond;
  const nothing = {
    scope: null,
    description: rights.registry.definition('(no_scope)')?.description ?? '',
    filter: '',
  };
  return {
    allowed_scopes: inherits ? ['inherit'] : scopes,
    scope_descriptions:
      described.length === 0 ? [nothing] : describeScopes(rights.registry, described, user.name),
    oauth_client: {
      identifier: client.identifier,
      description: client.description,
      redirect_uri: client.redirectUri,
    },
  };
}
