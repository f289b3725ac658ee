/** `c.OAuthenticator` (oauthenticator.oauth2.OAuthenticator 17.4.0): what every class that redirects to a provider takes. */
import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { AuthenticatorClass, anyAllow } from '../../core/plugin/authenticator-traits.js';
import { requestKwargsFaults } from './request-kwargs.js';

export type Awaitable<T> = T | Promise<T>;
export type UsernameClaim = (userInfo: unknown) => Awaitable<unknown>;
export type GroupsKey = (authState: unknown) => Awaitable<unknown>;
type ModifyAuthState = (authenticator: unknown, authState: unknown) => Awaitable<unknown>;
type RefreshUser = (authenticator: unknown, user: unknown, authState: unknown) => Awaitable<unknown>;

const text = t.unicode();

export const OAuthenticatorClass = declareClass({
  name: 'OAuthenticator',
  aliases: ['oauthenticator.oauth2.OAuthenticator'],
  parent: AuthenticatorClass,
  help: 'Signs users in at a provider that speaks OAuth 2. Choose one of its classes; all take these settings.',
  traits: {
    admin_groups: t.set(text, new Set(), {
      help: 'Groups whose members may enter and are administrators; others lose that right unless admin_users names them. Needs manage_groups.',
    }),
    allowed_groups: t.set(text, new Set(), { help: 'Groups whose members may enter. Needs manage_groups.' }),
    allowed_scopes: t.list(text, [], {
      help: 'Whoever was granted all of these scopes may enter. Must be among `scope`.',
    }),
    auth_state_groups_key: t.union([t.unicode(), t.functionOf<GroupsKey>()], '', {
      help: 'Where in auth_state the groups of a user are: a path with dots, or a function of auth_state. Needs manage_groups.',
    }),
    authorize_url: t.unicode('', {
      env: 'OAUTH2_AUTHORIZE_URL',
      help: 'Where browsers are sent to sign in.',
    }),
    basic_auth: t.bool(false, {
      env: [
        { name: 'OAUTH2_BASIC_AUTH', write: (given) => String(['true', '1'].includes(given.toLowerCase())) },
      ],
      help: 'Send client_id and client_secret in an Authorization header rather than in the form.',
    }),
    client_id: t.unicode('', { env: 'OAUTH_CLIENT_ID', help: 'What the provider calls this hub.' }),
    client_secret: t.unicode('', {
      env: 'OAUTH_CLIENT_SECRET',
      secret: true,
      help: 'The secret that goes with client_id.',
    }),
    custom_403_message: t.unicode(
      'Sorry, you are not currently authorized to use this hub. Please contact the hub administrator.',
      { help: 'Shown to those whom the provider knows and the hub does not let in.' },
    ),
    enable_pkce: t.bool(true, { help: 'Proof key for code exchange (RFC 7636), with S256.' }),
    extra_authorize_params: t.dict(
      t.anything,
      {},
      { help: 'Further parameters of the way to the provider.' },
    ),
    http_request_kwargs: t.dict(
      t.anything,
      {},
      {
        help: 'How the provider is asked: ca_certs, client_key, client_cert (files), proxy_host, proxy_port, connect_timeout, request_timeout (seconds), validate_cert, headers, user_agent.',
        secret: 'values',
      },
    ),
    login_service: t.unicode('OAuth 2.0', { help: 'Label of the button that leads to the provider.' }),
    logout_redirect_url: t.unicode('', {
      env: 'OAUTH_LOGOUT_REDIRECT_URL',
      help: 'Where signing out of the hub leads, in place of its own page.',
    }),
    modify_auth_state_hook: t.callable<ModifyAuthState>({
      help: 'Called with authenticator and auth_state before groups are read; gives back the auth_state to go on with.',
    }),
    oauth_callback_url: t.unicode('', {
      env: 'OAUTH_CALLBACK_URL',
      help: 'The address that is registered at the provider, e.g. https://hub.example.org/hub/oauth_callback. Empty: worked out from the request.',
    }),
    refresh_user_hook: t.callable<RefreshUser>({
      help: 'Called with authenticator, user and auth_state at a refresh: true (fine), false (sign in again), a user model, or null to go on as usual.',
    }),
    scope: t.list(text, [], { help: 'Scopes to ask the provider for.' }),
    token_params: t.dict(t.anything, {}, { help: 'Further fields of the request for a token.' }),
    token_url: t.unicode('', { env: 'OAUTH2_TOKEN_URL', help: 'Where codes are exchanged for tokens.' }),
    userdata_from_id_token: t.bool(false, {
      help: 'Take what is known of a user from the id token; excludes userdata_url.',
    }),
    userdata_params: t.dict(t.anything, {}, { help: 'Query of the request for what is known of a user.' }),
    userdata_token_method: t.unicode('header', {
      env: 'OAUTH2_USERDATA_REQUEST_TYPE',
      help: 'Where that request carries the token: `header` or `url`.',
    }),
    userdata_url: t.unicode('', {
      env: 'OAUTH2_USERDATA_URL',
      help: 'Where to ask what is known of a user.',
    }),
    username_claim: t.union([t.unicode(), t.functionOf<UsernameClaim>()], 'username', {
      env: 'OAUTH2_USERNAME_KEY',
      help: 'Which of the things known of a user is their name: a key, or a function of all of them.',
    }),
    validate_server_cert: t.bool(true, {
      env: [{ name: 'OAUTH_TLS_VERIFY', write: (given) => String(given !== '0') }],
      help: "Whether the provider's certificate must be valid.",
    }),
  },
  derive: (values, isSet) => {
    // JupyterHub's base lets existing users in as soon as allowed_users names anybody; OAuthenticator does not.
    const allow_existing_users = isSet('allow_existing_users') && values.allow_existing_users;
    return {
      allow_existing_users,
      any_allow_config: isSet('any_allow_config')
        ? values.any_allow_config
        : anyAllow({ ...values, any_allow_config: false, allow_existing_users }),
      refresh_pre_spawn: isSet('refresh_pre_spawn') ? values.refresh_pre_spawn : values.enable_auth_state,
    };
  },
  rules: (values, isSet) => {
    const needGroups = (['allowed_groups', 'admin_groups', 'auth_state_groups_key'] as const).filter(
      (trait) => isSet(trait) && isFilled(values[trait]) && !values.manage_groups,
    );
    const beyond = values.allowed_scopes.filter((scope) => !values.scope.includes(scope));
    return [
      ...needGroups.map((trait) => ({
        trait,
        message: 'needs c.Authenticator.manage_groups = true beside it',
      })),
      ...(beyond.length > 0
        ? [{ trait: 'allowed_scopes' as const, message: `${beyond.join(', ')} must be in scope, too` }]
        : []),
      ...(values.userdata_from_id_token && isSet('userdata_url') && values.userdata_url !== ''
        ? [
            {
              trait: 'userdata_url' as const,
              message: 'is not asked with userdata_from_id_token; take one of them out',
            },
          ]
        : []),
      ...(['header', 'url'].includes(values.userdata_token_method)
        ? []
        : [{ trait: 'userdata_token_method' as const, message: "must be 'header' or 'url'" }]),
      ...requestKwargsFaults(values.http_request_kwargs).map((message) => ({
        trait: 'http_request_kwargs' as const,
        message,
      })),
    ];
  },
});

export type OAuthenticatorConfig = Resolved<typeof OAuthenticatorClass>;

function isFilled(value: string | ReadonlySet<string> | GroupsKey): boolean {
  return typeof value === 'object' ? value.size > 0 : value !== '';
}

/** Where `client_id` and `client_secret` of a class come from that has variables of its own. */
export function clientTraits(prefix: string) {
  return {
    client_id: t.unicode('', {
      env: [{ name: `${prefix}_CLIENT_ID` }, { name: 'OAUTH_CLIENT_ID' }],
      help: 'What the provider calls this hub.',
    }),
    client_secret: t.unicode('', {
      env: [{ name: `${prefix}_CLIENT_SECRET` }, { name: 'OAUTH_CLIENT_SECRET' }],
      secret: true,
      help: 'The secret that goes with client_id.',
    }),
  };
}

/** The name, for classes whose providers have one place for it: the variable of the base class does not count. */
export function usernameClaim(key: string) {
  return t.union([t.unicode(), t.functionOf<UsernameClaim>()], key, {
    help: 'Which of the things known of a user is their name: a key, or a function of all of them.',
  });
}

export function loginService(service: string) {
  return t.unicode(service, {
    env: 'LOGIN_SERVICE',
    help: 'Label of the button that leads to the provider.',
  });
}

/** An address that follows from others unless it is set; the variables of the base class do not count for it. */
export function derivedUrl(help: string, defaultText: string) {
  return t.unicode('', { help, defaultText });
}

/** An older name that hands its value on. */
export function moved(className: string, trait: string, since: string) {
  return {
    help: `Older name of ${trait}.`,
    deprecated: { use: `${className}.${trait}`, since, target: { className, trait } },
  };
}
