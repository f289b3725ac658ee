import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import {
  clientTraits,
  derivedUrl,
  loginService,
  moved,
  OAuthenticatorClass,
  usernameClaim,
} from './traits.js';

const NAME = 'GitHubOAuthenticator';
const PUBLIC_SITE = 'https://github.com';

/** `c.GitHubOAuthenticator` (oauthenticator.github 17.4.0). */
export const GitHubOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['github', 'oauthenticator.github.GitHubOAuthenticator', 'oauthenticator.GitHubOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'GitHub, or a GitHub Enterprise of your own.',
  traits: {
    ...clientTraits('GITHUB'),
    username_claim: usernameClaim('login'),
    login_service: loginService('GitHub'),
    allowed_organizations: t.set(t.unicode(), new Set(), {
      help: 'Organizations (`org`) and teams (`org:team`) whose members may enter. Needs read:org in scope, unless membership is public.',
    }),
    authorize_url: derivedUrl('Where browsers are sent to sign in.', '`<github_url>/login/oauth/authorize`'),
    token_url: derivedUrl('Where codes are exchanged.', '`<github_url>/login/oauth/access_token`'),
    userdata_url: derivedUrl('Where to ask what is known of a user.', '`<github_api>/user`'),
    github_api: derivedUrl('Address of the REST API.', '`https://api.github.com`, or `<github_url>/api/v3`'),
    github_client_id: t.unicode('', moved(NAME, 'client_id', 'OAuthenticator 0.1')),
    github_client_secret: t.unicode('', {
      ...moved(NAME, 'client_secret', 'OAuthenticator 0.1'),
      secret: true,
    }),
    github_organization_whitelist: t.set(
      t.unicode(),
      new Set(),
      moved(NAME, 'allowed_organizations', 'OAuthenticator 0.12'),
    ),
    github_url: t.unicode(PUBLIC_SITE, {
      env: [
        { name: 'GITHUB_URL', write: withProtocol },
        { name: 'GITHUB_HOST', write: withProtocol },
      ],
      help: 'Address of GitHub; the others follow from it.',
    }),
    populate_teams_in_auth_state: t.bool(false, {
      help: "Keep the user's teams in auth_state, as `teams`. Needs read:org in scope.",
    }),
  },
  derive: (values, isSet) => {
    const site = values.github_url.replace(/\/+$/, '');
    const api = isSet('github_api')
      ? values.github_api.replace(/\/+$/, '')
      : site === PUBLIC_SITE
        ? 'https://api.github.com'
        : `${site}/api/v3`;
    return {
      github_url: site,
      github_api: api,
      authorize_url: isSet('authorize_url') ? values.authorize_url : `${site}/login/oauth/authorize`,
      token_url: isSet('token_url') ? values.token_url : `${site}/login/oauth/access_token`,
      userdata_url: isSet('userdata_url') ? values.userdata_url : `${api}/user`,
    };
  },
  rules: ({ populate_teams_in_auth_state, scope }) =>
    populate_teams_in_auth_state && !scope.includes('read:org')
      ? [{ trait: 'populate_teams_in_auth_state' as const, message: "needs 'read:org' in scope" }]
      : [],
});

export type GitHubOAuthenticatorConfig = Resolved<typeof GitHubOAuthenticatorClass>;

function withProtocol(text: string): string {
  return text.includes('://') ? text : `https://${text}`;
}
