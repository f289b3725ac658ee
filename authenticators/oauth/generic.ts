import type { GenericOAuthenticatorConfig } from './generic-traits.js';
import { clientOptions, type OAuthKind, oauthKind } from './kind.js';
import { OpenIdClient } from './openid.js';
import type { ProviderRules } from './rules.js';
import { claimedName, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.generic.GenericOAuthenticator';

function rules(config: GenericOAuthenticatorConfig): ProviderRules {
  return {
    userKey: 'oauth_user',
    username: (userInfo) => claimedName(config.username_claim, userInfo),
    subject: (userInfo) => subjectText(userInfo['sub']),
  };
}

/** `generic-oauth`: with `issuer` OpenID Connect by discovery, else the addresses of the configuration. */
export const generic: OAuthKind<GenericOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules,
  client: ({ config, clock }, { http }) =>
    config.issuer === ''
      ? undefined
      : new OpenIdClient({
          issuer: config.issuer,
          ...clientOptions(config),
          http,
          now: () => clock.monotonic(),
        }),
  unneeded: ({ issuer }) => (issuer === '' ? [] : ['authorize_url', 'token_url', 'userdata_url']),
  check: (config) => {
    if (config.issuer === '') return [];
    const clashing = (['authorize_url', 'token_url', 'userdata_url'] as const).filter(
      (trait) => config[trait] !== '',
    );
    return [
      ...clashing.map(
        (trait) => `c.GenericOAuthenticator.${trait}: is found from issuer; take one of them out`,
      ),
      ...(config.scope.includes('openid')
        ? []
        : ["c.GenericOAuthenticator.scope: issuer needs 'openid' in it"]),
    ];
  },
});
