import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { clientTraits, derivedUrl, loginService, moved, OAuthenticatorClass } from './traits.js';

const NAME = 'GitLabOAuthenticator';

/** `c.GitLabOAuthenticator` (oauthenticator.gitlab 17.4.0). */
export const GitLabOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['gitlab', 'oauthenticator.gitlab.GitLabOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'GitLab, or one of your own.',
  traits: {
    ...clientTraits('GITLAB'),
    login_service: loginService('GitLab'),
    allowed_gitlab_groups: t.set(t.unicode(), new Set(), {
      help: 'Groups (with their path) whose members may enter. Each costs a request at every sign-in.',
    }),
    allowed_project_ids: t.set(t.union([t.integer(), t.unicode()], 0), new Set(), {
      help: 'Projects whose developers may enter. Each costs a request at every sign-in.',
    }),
    authorize_url: derivedUrl('Where browsers are sent to sign in.', '`<gitlab_url>/oauth/authorize`'),
    token_url: derivedUrl('Where codes are exchanged.', '`<gitlab_url>/oauth/token`'),
    userdata_url: derivedUrl('Where to ask what is known of a user.', '`<gitlab_api>/user`'),
    gitlab_api: derivedUrl('Address of the REST API.', '`<gitlab_url>/api/v<gitlab_api_version>`'),
    gitlab_api_version: t.unicode('4', {
      env: 'GITLAB_API_VERSION',
      type: 'CUnicode',
      help: 'Version of the REST API.',
    }),
    gitlab_group_whitelist: t.set(
      t.unicode(),
      new Set(),
      moved(NAME, 'allowed_gitlab_groups', 'OAuthenticator 0.12'),
    ),
    gitlab_project_id_whitelist: t.set(
      t.union([t.integer(), t.unicode()], 0),
      new Set(),
      moved(NAME, 'allowed_project_ids', 'OAuthenticator 0.12'),
    ),
    gitlab_url: t.unicode('https://gitlab.com', {
      env: [
        { name: 'GITLAB_URL' },
        { name: 'GITLAB_HOST', write: (host) => (/^https?:/.test(host) ? host : `https://${host}`) },
      ],
      help: 'Address of GitLab; the others follow from it.',
    }),
  },
  derive: (values, isSet) => {
    const site = values.gitlab_url.replace(/\/+$/, '');
    const api = isSet('gitlab_api') ? values.gitlab_api : `${site}/api/v${values.gitlab_api_version}`;
    return {
      gitlab_url: site,
      gitlab_api: api,
      authorize_url: isSet('authorize_url') ? values.authorize_url : `${site}/oauth/authorize`,
      token_url: isSet('token_url') ? values.token_url : `${site}/oauth/token`,
      userdata_url: isSet('userdata_url') ? values.userdata_url : `${api}/user`,
    };
  },
});

export type GitLabOAuthenticatorConfig = Resolved<typeof GitLabOAuthenticatorClass>;
