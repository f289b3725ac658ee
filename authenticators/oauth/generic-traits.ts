import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { isJsonObject } from '../../core/model/json.js';
import { type GroupsKey, loginService, moved, OAuthenticatorClass, type UsernameClaim } from './traits.js';

const NAME = 'GenericOAuthenticator';
const USER_KEY = 'oauth_user';

/** `c.GenericOAuthenticator` (oauthenticator.generic 17.4.0), with `issuer` of our own. */
export const GenericOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['generic-oauth', 'oauthenticator.generic.GenericOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'Any provider that speaks OAuth 2 or OpenID Connect.',
  traits: {
    login_service: loginService('OAuth 2.0'),
    auth_state_groups_key: t.union([t.unicode(), t.functionOf<GroupsKey>()], '', {
      help: 'Where in auth_state the groups of a user are: a path with dots, or a function of auth_state. Needs manage_groups.',
      defaultText: '`oauth_user.` and claim_groups_key',
    }),
    claim_groups_key: t.union([t.unicode(), t.functionOf<GroupsKey>()], 'groups', {
      env: 'OAUTH2_GROUPS_KEY',
      help: 'Where the groups are in what is known of a user.',
      deprecated: { use: 'GenericOAuthenticator.auth_state_groups_key', since: 'OAuthenticator 17.0' },
    }),
    extra_params: t.dict(t.anything, {}, moved(NAME, 'token_params', 'OAuthenticator 16.0')),
    issuer: t.unicode('', {
      help: "Address of an OpenID Connect provider, as its tokens name it. The other addresses are found from there (discovery), id tokens must be signed by it, and users are told apart by its `sub`. Anteroom's own.",
    }),
    tls_verify: t.bool(false, moved(NAME, 'validate_server_cert', 'OAuthenticator 16.0.2')),
    username_key: t.union(
      [t.unicode(), t.functionOf<UsernameClaim>()],
      '',
      moved(NAME, 'username_claim', 'OAuthenticator 16.0'),
    ),
  },
  derive: (values, isSet) => ({
    auth_state_groups_key: isSet('auth_state_groups_key')
      ? values.auth_state_groups_key
      : keyOfClaim(values.claim_groups_key),
  }),
  rules: ({ manage_groups, claim_groups_key, issuer }, isSet) => [
    ...(isSet('claim_groups_key') && claim_groups_key !== '' && !manage_groups
      ? [
          {
            trait: 'claim_groups_key' as const,
            message: 'needs c.Authenticator.manage_groups = true beside it',
          },
        ]
      : []),
    ...(issuer === '' || /^https?:\/\/[^/?#]+(?:\/[^?#]*)?$/.test(issuer)
      ? []
      : [{ trait: 'issuer' as const, message: 'must be an address such as https://id.example.org/realm' }]),
  ],
});

export type GenericOAuthenticatorConfig = Resolved<typeof GenericOAuthenticatorClass>;

function keyOfClaim(claim: string | GroupsKey): string | GroupsKey {
  if (typeof claim === 'string') return `${USER_KEY}.${claim}`;
  return (authState) => claim(isJsonObject(authState) ? authState[USER_KEY] : undefined);
}
