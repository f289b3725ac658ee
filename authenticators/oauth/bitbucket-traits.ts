import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { clientTraits, loginService, moved, OAuthenticatorClass } from './traits.js';

const NAME = 'BitbucketOAuthenticator';

/** `c.BitbucketOAuthenticator` (oauthenticator.bitbucket 17.4.0). */
export const BitbucketOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: [
    'bitbucket',
    'oauthenticator.bitbucket.BitbucketOAuthenticator',
    'oauthenticator.BitbucketOAuthenticator',
  ],
  parent: OAuthenticatorClass,
  help: 'Bitbucket Cloud.',
  traits: {
    ...clientTraits('BITBUCKET'),
    login_service: loginService('Bitbucket'),
    allowed_teams: t.set(t.anything, new Set(), {
      help: 'Workspaces (formerly teams), by the names that people see, whose members may enter.',
    }),
    authorize_url: t.unicode('https://bitbucket.org/site/oauth2/authorize', {
      help: 'Where browsers are sent to sign in.',
    }),
    token_url: t.unicode('https://bitbucket.org/site/oauth2/access_token', {
      help: 'Where codes are exchanged.',
    }),
    userdata_url: t.unicode('https://api.bitbucket.org/2.0/user', {
      help: 'Where to ask what is known of a user; workspaces are asked for beside it.',
    }),
    team_whitelist: t.set(t.anything, new Set(), moved(NAME, 'allowed_teams', 'OAuthenticator 0.12')),
  },
});

export type BitbucketOAuthenticatorConfig = Resolved<typeof BitbucketOAuthenticatorClass>;
