import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthenticatorInit } from '../../core/plugin/authenticator.js';
import type { ProviderParts } from './authenticator.js';
import { DiscoveredClient } from './discovered.js';
import { refusedAnswer } from './faults.js';
import { type OAuthKind, oauthKind, plainOptions } from './kind.js';
import type { OpenShiftOAuthenticatorConfig } from './openshift-traits.js';
import type { ProviderRules } from './rules.js';
import { claimedName, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.openshift.OpenShiftOAuthenticator';

const rules: ProviderRules = {
  userKey: 'openshift_user',
  username: (userInfo) => claimedName('name', metadata(userInfo)),
  subject: (userInfo) => subjectText(metadata(userInfo)['uid']),
};

function metadata(userInfo: JsonObject): JsonObject {
  const found = userInfo['metadata'];
  return isJsonObject(found) ? found : {};
}

/** Without addresses of its own the class asks the cluster where its OAuth server is (RFC 8414), when first needed. */
function client(init: AuthenticatorInit<OpenShiftOAuthenticatorConfig>, parts: ProviderParts) {
  const { authorize_url: authorizeUrl, token_url: tokenUrl, openshift_url: cluster } = init.config;
  if (authorizeUrl !== '' && tokenUrl !== '') return undefined;
  const at = `${cluster}/.well-known/oauth-authorization-server`;
  const find = async () => {
    const found = await parts.api.publicJson(at, 'the address of the OAuth server');
    const issuer = isJsonObject(found) ? found['issuer'] : undefined;
    if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw refusedAnswer(at, 'it names no issuer');
    return {
      ...plainOptions(init, parts),
      authorizeUrl: authorizeUrl || `${issuer}/oauth/authorize`,
      tokenUrl: tokenUrl || `${issuer}/oauth/token`,
    };
  };
  return new DiscoveredClient({ issuer: cluster, find });
}

/** `openshift` (oauthenticator.openshift 17.4.0). */
export const openshift: OAuthKind<OpenShiftOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: () => rules,
  client,
  unneeded: () => ['authorize_url', 'token_url'],
});
