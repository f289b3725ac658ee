import type { Auth0OAuthenticatorConfig } from './auth0-traits.js';
import { type OAuthKind, oauthKind } from './kind.js';
import { claimedName, demandVerified, subjectText } from './username.js';

/** `auth0` (oauthenticator.auth0 17.4.0). */
export const auth0: OAuthKind<Auth0OAuthenticatorConfig> = oauthKind({
  className: 'oauthenticator.auth0.Auth0OAuthenticator',
  rules: ({ username_claim: claim, allow_unverified_email: anyAddress }) => ({
    userKey: 'auth0_user',
    async username(userInfo) {
      if (anyAddress) return claimedName(claim, { ...userInfo, email_verified: true });
      // Whatever the name is made of: an address that anybody may claim opens nothing here.
      demandVerified(userInfo, ['email_verified']);
      return claimedName(claim, userInfo);
    },
    subject: (userInfo) => subjectText(userInfo['sub']),
  }),
  check: ({ auth0_domain: host }) =>
    host === '' ? ['c.Auth0OAuthenticator.auth0_domain: is missing; or write auth0_subdomain'] : [],
});
