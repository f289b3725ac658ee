import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { derivedUrl, loginService, moved, OAuthenticatorClass, usernameClaim } from './traits.js';

const NAME = 'Auth0OAuthenticator';

/** `c.Auth0OAuthenticator` (oauthenticator.auth0 17.4.0). */
export const Auth0OAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['auth0', 'oauthenticator.auth0.Auth0OAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'Auth0. Names are verified e-mail addresses.',
  traits: {
    username_claim: usernameClaim('email'),
    login_service: loginService('Auth0'),
    allow_unverified_email: t.bool(false, {
      help: 'Let people in whose e-mail address Auth0 has not verified. For trials: anybody can claim an address.',
    }),
    auth0_domain: t.unicode('', {
      env: 'AUTH0_DOMAIN',
      help: 'Your domain at Auth0; the addresses follow from it.',
      defaultText: '`<auth0_subdomain>.auth0.com`',
    }),
    auth0_subdomain: t.unicode('', {
      env: 'AUTH0_SUBDOMAIN',
      help: 'In place of auth0_domain, when that ends in auth0.com.',
    }),
    authorize_url: derivedUrl('Where browsers are sent to sign in.', '`https://<auth0_domain>/authorize`'),
    token_url: derivedUrl('Where codes are exchanged.', '`https://<auth0_domain>/oauth/token`'),
    userdata_url: derivedUrl('Where to ask what is known of a user.', '`https://<auth0_domain>/userinfo`'),
    logout_redirect_url: derivedUrl(
      'Where signing out of the hub leads, in place of its own page.',
      '`https://<auth0_domain>/v2/logout`',
    ),
    username_key: t.unicode('', moved(NAME, 'username_claim', 'OAuthenticator 16.0')),
  },
  derive: (values, isSet) => {
    const short = values.auth0_subdomain === '' ? '' : `${values.auth0_subdomain}.auth0.com`;
    const host = values.auth0_domain || short;
    // Without a host the addresses stay empty, which the check of the class names.
    const at = (path: string): string => (host === '' ? '' : `https://${host}${path}`);
    return {
      auth0_domain: host,
      authorize_url: isSet('authorize_url') ? values.authorize_url : at('/authorize'),
      token_url: isSet('token_url') ? values.token_url : at('/oauth/token'),
      userdata_url: isSet('userdata_url') ? values.userdata_url : at('/userinfo'),
      logout_redirect_url: isSet('logout_redirect_url') ? values.logout_redirect_url : at('/v2/logout'),
    };
  },
});

export type Auth0OAuthenticatorConfig = Resolved<typeof Auth0OAuthenticatorClass>;
