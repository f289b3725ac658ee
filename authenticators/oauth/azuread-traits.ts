import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { derivedUrl, type GroupsKey, loginService, OAuthenticatorClass, usernameClaim } from './traits.js';

/** `c.AzureAdOAuthenticator` (oauthenticator.azuread 17.4.0). */
export const AzureAdOAuthenticatorClass = declareClass({
  name: 'AzureAdOAuthenticator',
  aliases: ['azuread', 'oauthenticator.azuread.AzureAdOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'Microsoft Entra ID (Azure AD), by its id tokens.',
  traits: {
    username_claim: usernameClaim('name'),
    login_service: loginService('Azure AD'),
    auth_state_groups_key: t.union([t.unicode(), t.functionOf<GroupsKey>()], 'user.groups', {
      help: 'Where in auth_state the groups of a user are: a path with dots, or a function of auth_state. Needs manage_groups.',
    }),
    authorize_url: derivedUrl(
      'Where browsers are sent to sign in.',
      '`<graph_url>/<tenant_id>/oauth2/authorize`',
    ),
    token_url: derivedUrl('Where codes are exchanged.', '`<graph_url>/<tenant_id>/oauth2/token`'),
    graph_url: t.unicode('https://login.microsoftonline.com', {
      help: 'Address of the cloud; the others follow from it.',
    }),
    tenant_id: t.unicode('', { env: 'AAD_TENANT_ID', help: 'The tenant whose users may sign in.' }),
    user_groups_claim: t.unicode('', {
      help: 'Which claim of the id token has the groups.',
      deprecated: { use: 'AzureAdOAuthenticator.auth_state_groups_key', since: 'OAuthenticator 17.0' },
    }),
  },
  derive: (values, isSet) => {
    const tenant = values.tenant_id === '' ? values.graph_url : `${values.graph_url}/${values.tenant_id}`;
    const claim = values.user_groups_claim;
    return {
      auth_state_groups_key:
        claim === '' || isSet('auth_state_groups_key') ? values.auth_state_groups_key : `user.${claim}`,
      authorize_url: isSet('authorize_url') ? values.authorize_url : `${tenant}/oauth2/authorize`,
      token_url: isSet('token_url') ? values.token_url : `${tenant}/oauth2/token`,
    };
  },
});

export type AzureAdOAuthenticatorConfig = Resolved<typeof AzureAdOAuthenticatorClass>;
