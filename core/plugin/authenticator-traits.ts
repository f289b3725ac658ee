/**
 * `c.Authenticator` and `c.LocalAuthenticator`: what every authenticator is configured with
 * (jupyterhub.auth 6.1.1). Names are normalised by the hub, not here.
 */
import type { Resolved } from '../config/declare.js';
import { declareClass } from '../config/declare.js';
import * as t from '../config/traits.js';

type Awaitable<T> = T | Promise<T>;
export type PostAuthHook = (authenticator: unknown, handler: unknown, model: unknown) => Awaitable<unknown>;
export type ReconcileHook = (authenticator: unknown, ...rest: unknown[]) => Awaitable<unknown>;

const names = t.unicode();

/** Whether any setting named `allow…` lets somebody in: the default of `any_allow_config`. */
export function anyAllow(values: object): boolean {
  return Object.entries(values).some(([name, value]) => name.startsWith('allow') && isFilled(value));
}

/** Python's truth of a setting. */
function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Set) return value.size > 0;
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

export const AuthenticatorClass = declareClass({
  name: 'Authenticator',
  aliases: ['jupyterhub.auth.Authenticator'],
  help: 'Says who signs in and who may. Every authenticator class takes these settings.',
  traits: {
    admin_users: t.set(names, new Set(), {
      help: 'Names that are administrators. Taking a name out does not take the right away.',
    }),
    allow_all: t.bool(false, { help: 'Everybody who can sign in may enter, unless blocked.' }),
    allow_existing_users: t.bool(false, {
      help: 'Everybody in the database may enter. Follows `allowed_users`: true as soon as that names anybody.',
      defaultText: 'true when allowed_users is not empty',
    }),
    allowed_users: t.set(names, new Set(), { help: 'Names that may enter.' }),
    any_allow_config: t.bool(false, {
      help: 'Silences the warning that nobody may enter, for authenticators whose rules the hub cannot see.',
      defaultText: 'true when any allow setting is set',
    }),
    auth_refresh_age: t.integer(300, {
      help: 'Seconds for which what is known of a signed-in user counts as fresh; 0 never asks again.',
    }),
    auth_refresh_strict: t.bool(false, {
      help: 'Hold a user back while a refresh is under way or fails, rather than letting the older answer stand.',
    }),
    auto_login: t.bool(false, { help: 'Skip the sign-in page and go to the identity provider at once.' }),
    auto_login_oauth2_authorize: t.bool(false, {
      help: 'The same, only for users who come from a server of theirs.',
    }),
    blocked_users: t.set(names, new Set(), {
      help: 'Names that may never enter, in their final form. Stronger than every permission.',
    }),
    delete_invalid_users: t.bool(false, {
      help: 'At start, delete users of the database whom the authenticator no longer accepts.',
    }),
    enable_auth_state: t.bool(false, {
      help: 'Keep what the identity provider said, encrypted with CryptKeeper.keys, for hooks and servers.',
    }),
    manage_groups: t.bool(false, {
      help: 'Group membership comes from the authenticator; it can then not be changed by hand.',
    }),
    manage_roles: t.bool(false, { help: 'Role assignments come from the authenticator.' }),
    otp_prompt: t.optional(t.any('OTP:', { help: 'Label of the field for a one-time password.' }), 'OTP:'),
    post_auth_hook: t.callable<PostAuthHook>({
      type: 'Any',
      help: 'Sees every accepted sign-in last; must give back the user model, null refuses.',
    }),
    reconcile_auth_state_hook: t.callable<ReconcileHook>({
      type: 'Any',
      help: 'Settles what is kept when a refreshed auth_state meets the stored one.',
    }),
    refresh_pre_spawn: t.bool(false, { help: 'Refresh the user before each start of a server.' }),
    refresh_pre_stop: t.bool(false, { help: 'Refresh the user before each stop of a server.' }),
    request_otp: t.bool(false, { help: 'Ask for a one-time password in the sign-in form.' }),
    reset_managed_roles_on_startup: t.bool(false, {
      help: 'At start, take back role assignments that the authenticator made before and no longer makes.',
    }),
    username_map: t.dict(
      names,
      {},
      { help: 'Names to replace: from the lower-case name signed in with to the name used here.' },
    ),
    username_pattern: t.unicode('', {
      help: 'Regular expression that a name must match from its start. Empty: any name.',
    }),
    whitelist: t.set(names, new Set(), {
      help: 'Older name of allowed_users.',
      deprecated: {
        use: 'Authenticator.allowed_users',
        since: '1.2',
        target: { className: 'Authenticator', trait: 'allowed_users' },
      },
    }),
  },
  derive: (values, isSet) => {
    const allow_existing_users = isSet('allow_existing_users')
      ? values.allow_existing_users
      : values.allowed_users.size > 0;
    const any_allow_config = isSet('any_allow_config')
      ? values.any_allow_config
      : anyAllow({ ...values, allow_existing_users });
    return { allow_existing_users, any_allow_config };
  },
});

export type AuthenticatorConfig = Resolved<typeof AuthenticatorClass>;

export const LocalAuthenticatorClass = declareClass({
  name: 'LocalAuthenticator',
  aliases: ['jupyterhub.auth.LocalAuthenticator'],
  parent: AuthenticatorClass,
  help: 'Accounts of this machine for users. This section counts beside every authenticator; as soon as it sets anything, every user needs an account.',
  traits: {
    admin_groups: t.set(names, new Set(), {
      help: 'System groups whose members are administrators; once set, membership also takes the right away. Does not count where the authenticator itself says who is one (shared-password).',
    }),
    add_user_cmd: t.command(['adduser', '-q', '--gecos', '""', '--disabled-password'], {
      help: 'Program that makes a system account, run without a shell; USERNAME is replaced, `--uid N` added for a name in uids, and the name appended.',
    }),
    allowed_groups: t.set(names, new Set(), {
      help: 'System groups whose members may enter, beside those whom other rules let in.',
    }),
    create_system_users: t.bool(false, {
      help: 'Make a missing system account instead of refusing its user.',
    }),
    group_whitelist: t.set(names, new Set(), {
      help: 'Older name of allowed_groups.',
      deprecated: {
        use: 'LocalAuthenticator.allowed_groups',
        since: '1.2',
        target: { className: 'LocalAuthenticator', trait: 'allowed_groups' },
      },
    }),
    uids: t.dict(t.anything, {}, { help: 'User ids for accounts to be made: from name to number.' }),
  },
});
