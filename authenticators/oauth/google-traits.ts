import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { derivedUrl, loginService, moved, OAuthenticatorClass, usernameClaim } from './traits.js';

const NAME = 'GoogleOAuthenticator';
const groups = t.set(t.unicode());

/** `c.GoogleOAuthenticator` (oauthenticator.google 17.4.0). */
export const GoogleOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['google', 'oauthenticator.google.GoogleOAuthenticator', 'oauthenticator.GoogleOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'Google accounts, of one or more organizations if you like. Names are verified e-mail addresses.',
  defaults: { scope: ['openid', 'email'] },
  traits: {
    username_claim: usernameClaim('email'),
    login_service: loginService('Google'),
    admin_google_groups: t.dict(
      groups,
      {},
      {
        help: 'From domain to Google groups whose members may enter and are administrators; others lose the right. Needs gsuite_administrator and google_service_account_keys.',
      },
    ),
    allowed_google_groups: t.dict(
      groups,
      {},
      {
        help: 'From domain to Google groups (their names before the @) whose members may enter. Needs gsuite_administrator and google_service_account_keys.',
      },
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
      {
        help: 'From domain to the key file (JSON) of a service account that may act for the domain, with the scope `admin.directory.group.readonly`.',
      },
    ),
    gsuite_administrator: t.dict(
      t.unicode(),
      {},
      { help: 'From domain to the administrator to act as, without the domain.' },
    ),
    hosted_domain: t.list(t.unicode(), [], {
      env: [{ name: 'HOSTED_DOMAIN', write: pythonList }],
      help: 'Only accounts of these organizations may enter (by their `hd` claim). With one, names lose their @domain.',
    }),
    include_nested_groups: t.bool(false, {
      help: 'Count members of groups within groups, too. Each group costs a request at every sign-in.',
    }),
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
  rules: (values) => [
    ...(values.strip_domain && values.hosted_domain.length > 1
      ? [
          {
            trait: 'strip_domain' as const,
            message:
              'with several hosted_domain two people may have one name; whoever comes second under a name is refused',
            warning: true,
          },
        ]
      : []),
    ...groupFaults('allowed_google_groups', Object.keys(values.allowed_google_groups), values),
    ...groupFaults('admin_google_groups', Object.keys(values.admin_google_groups), values),
  ],
});

export type GoogleOAuthenticatorConfig = Resolved<typeof GoogleOAuthenticatorClass>;

interface Keys {
  readonly gsuite_administrator: Readonly<Record<string, string>>;
  readonly google_service_account_keys: Readonly<Record<string, string>>;
}

interface GroupFault {
  readonly trait: 'allowed_google_groups' | 'admin_google_groups' | keyof Keys;
  readonly message: string;
}

/** Whatever would leave the groups of a domain unread, and so all their members outside. */
function groupFaults(
  named: 'allowed_google_groups' | 'admin_google_groups',
  domains: readonly string[],
  keys: Keys,
): readonly GroupFault[] {
  const needed = ['gsuite_administrator', 'google_service_account_keys'] as const;
  return domains.flatMap((domain): readonly GroupFault[] => {
    if (domain !== domain.toLowerCase())
      return [{ trait: named, message: `${domain} must be lower case, as domains are compared` }];
    const missing = needed.filter((trait) => !keys[trait][domain]);
    return missing.map((trait) => ({ trait, message: `${domain} is missing, whose groups ${named} names` }));
  });
}

/** `a.org;b.org` as the list that the trait reads. */
function pythonList(text: string): string {
  return JSON.stringify(text.split(';').filter((domain) => domain !== ''));
}
