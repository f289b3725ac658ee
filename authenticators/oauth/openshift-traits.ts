import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { derivedUrl, loginService, moved, OAuthenticatorClass, usernameClaim } from './traits.js';

const NAME = 'OpenShiftOAuthenticator';

/** `c.OpenShiftOAuthenticator` (oauthenticator.openshift 17.4.0). */
export const OpenShiftOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: ['openshift', 'oauthenticator.openshift.OpenShiftOAuthenticator'],
  parent: OAuthenticatorClass,
  help: 'The OAuth server of an OpenShift cluster.',
  defaults: { auth_state_groups_key: 'openshift_user.groups', scope: ['user:info'] },
  traits: {
    username_claim: usernameClaim('name'),
    login_service: loginService('OpenShift'),
    authorize_url: derivedUrl(
      'Where browsers are sent to sign in.',
      '`<openshift_auth_api_url>/oauth/authorize`',
    ),
    token_url: derivedUrl('Where codes are exchanged.', '`<openshift_auth_api_url>/oauth/token`'),
    userdata_url: derivedUrl(
      'Where to ask what is known of a user.',
      '`<openshift_rest_api_url>/apis/user.openshift.io/v1/users/~`',
    ),
    ca_certs: t.unicode('', {
      help: 'Removed from OAuthenticator 16.0.',
      deprecated: { use: 'OpenShiftOAuthenticator.http_request_kwargs', since: 'OAuthenticator 16.0' },
    }),
    openshift_auth_api_url: t.unicode('', {
      help: 'Address of the OAuth server.',
      defaultText: 'what the cluster says at `<openshift_url>/.well-known/oauth-authorization-server`',
    }),
    openshift_rest_api_url: derivedUrl('Address of the REST API.', '`<openshift_url>`'),
    openshift_url: t.unicode('https://openshift.default.svc.cluster.local', {
      env: 'OPENSHIFT_URL',
      help: 'Address of the cluster; the others follow from it.',
    }),
    validate_cert: t.bool(false, moved(NAME, 'validate_server_cert', 'OAuthenticator 16.0')),
  },
  derive: (values, isSet) => {
    const rest = isSet('openshift_rest_api_url') ? values.openshift_rest_api_url : values.openshift_url;
    const auth = values.openshift_auth_api_url;
    return {
      openshift_rest_api_url: rest,
      authorize_url: isSet('authorize_url') || auth === '' ? values.authorize_url : `${auth}/oauth/authorize`,
      token_url: isSet('token_url') || auth === '' ? values.token_url : `${auth}/oauth/token`,
      userdata_url: isSet('userdata_url') ? values.userdata_url : `${rest}/apis/user.openshift.io/v1/users/~`,
    };
  },
  rules: ({ ca_certs }) =>
    ca_certs === ''
      ? []
      : [{ trait: 'ca_certs' as const, message: "is gone; write http_request_kwargs = {'ca_certs': '...'}" }],
});

export type OpenShiftOAuthenticatorConfig = Resolved<typeof OpenShiftOAuthenticatorClass>;
