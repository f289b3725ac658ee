import type { AzureAdOAuthenticatorConfig } from './azuread-traits.js';
import { type OAuthKind, oauthKind, plainOptions } from './kind.js';
import { PlainClient } from './plain.js';
import { claimedName, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.azuread.AzureAdOAuthenticator';

/** `azuread` (oauthenticator.azuread 17.4.0): what is known of a user is what the id token says. */
export const azuread: OAuthKind<AzureAdOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: (config) => ({
    userKey: 'user',
    fromIdToken: true,
    username: (userInfo) => claimedName(config.username_claim, userInfo),
    // `oid` is the same for every application of a tenant, `sub` only for this one.
    subject: (userInfo) => {
      const own = subjectText(userInfo['oid']) ?? subjectText(userInfo['sub']);
      return own === undefined ? undefined : `${subjectText(userInfo['tid']) ?? ''}:${own}`;
    },
  }),
  client: (init, parts) =>
    new PlainClient({ ...plainOptions(init, parts), wantsIdToken: true, userdataUrl: '' }),
  unneeded: () => ['userdata_url'],
});
