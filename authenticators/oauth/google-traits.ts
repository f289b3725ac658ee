import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { derivedUrl, loginService, moved, OAuthenticatorClass, usernameClaim } from './traits.js';

const NAME = 'GoogleOAuthenticator';
const groups = t.set(t.unicode());

/** `c.GoogleOAuthenticator` (oauthenticator.google 17.4.0). */
export const GoogleOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['google', 'oauthenticator.google.GoogleOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'Google accounts, of one or more organizations if you like. Names are verified e-mail addresses.',
  defaults: { scope: ['openid', 'email'] },
  traits: {
    username_claim: usernameClaim('email'),
    login_service: loginService('Google'),
    admin_google_groups: t.dict(
      groups,
      {},
      { help: 'From domain to Google groups whose members are administrators.' },
    ),
    allowed_google_groups: t.dict(
      groups,
      {},
      { help: 'From domain to Google groups whose members may enter.' },
    ),
    authorize_url: t.unicode('https://accounts.google.com/o/oauth2/v2/auth', {
      help: 'Where browsers are sent to sign in.',
    }),
    token_url: derivedUrl('Where codes are exchanged.', '`<google_api_url>/oauth2/v4/token`'),
    userdata_url: derivedUrl(
      'Where to ask what is known of a user.',
      '`<google_api_url>/oauth2/v1/userinfo`',
    ),
    google_api_url: t.unicode('https://www.googleapis.com', {
      env: 'GOOGLE_API_URL',
      help: "Address of Google's API; others follow from it.",
    }),
    google_group_whitelist: t.dict(
      t.anything,
      {},
      moved(NAME, 'allowed_google_groups', 'OAuthenticator 0.12'),
    ),
    google_service_account_keys: t.dict(
      t.unicode(),
      {},
      { help: 'From domain to the key file of a service account.' },
    ),
    gsuite_administrator: t.dict(t.unicode(), {}, { help: 'From domain to the administrator to act as.' }),
    hosted_domain: t.list(t.unicode(), [], {
      env: [{ name: 'HOSTED_DOMAIN', write: pythonList }],
      help: 'Only accounts of these organizations may enter (by their `hd` claim). With one, names lose their @domain.',
    }),
    include_nested_groups: t.bool(false, { help: 'Count members of groups within groups.' }),
    strip_domain: t.bool(true, {
      help: 'Names lose their @domain when it is in hosted_domain.',
      defaultText: 'true with one hosted_domain at most',
    }),
  },
  derive: (values, isSet) => {
    const api = values.google_api_url.replace(/\/+$/, '');
    return {
      hosted_domain: values.hosted_domain.map((domain) => domain.toLowerCase()),
      strip_domain: isSet('strip_domain') ? values.strip_domain : values.hosted_domain.length <= 1,
      token_url: isSet('token_url') ? values.token_url : `${api}/oauth2/v4/token`,
      userdata_url: isSet('userdata_url') ? values.userdata_url : `${api}/oauth2/v1/userinfo`,
    };
  },
  rules: ({ strip_domain, hosted_domain }) =>
    strip_domain && hosted_domain.length > 1
      ? [
          {
            trait: 'strip_domain' as const,
            message:
              'with several hosted_domain two people may have one name; whoever comes second under a name is refused',
            warning: true,
          },
        ]
      : [],
});

export type GoogleOAuthenticatorConfig = Resolved<typeof GoogleOAuthenticatorClass>;

/** `a.org;b.org` as the list that the trait reads. */
function pythonList(text: string): string {
  return JSON.stringify(text.split(';').filter((domain) => domain !== ''));
}
