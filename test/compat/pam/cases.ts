/** Who types what, under which rules: the rows of PAM's decision table. */
import type { DecisionCase } from '../decisions/our-hub.js';

export interface PamCase extends DecisionCase {
  /** As the form sends it. */
  readonly data: Readonly<Record<string, string>>;
  /** The service file. */
  readonly service: 'usual' | 'sessions-fail';
  /** A server is started and stopped, too. */
  readonly sessions: boolean;
}

/** Names that only the machine of the test knows. */
export interface Names {
  /** In the first group. */
  readonly ann: string;
  /** In the second group. */
  readonly bob: string;
  /** In neither, and an administrator before. */
  readonly zoe: string;
  /** Refused by the account stack. */
  readonly expired: string;
  /** Another account with ann's user id. */
  readonly twin: string;
  /** Two accounts that differ in case. */
  readonly upper: string;
  readonly lower: string;
  /** No account, but the right password. */
  readonly ghost: string;
  readonly first: string;
  readonly second: string;
}

type Rules = Readonly<Record<string, unknown>>;
interface Row {
  readonly rules?: Rules;
  readonly name?: string;
  readonly password?: string;
  readonly otp?: string;
  readonly service?: PamCase['service'];
  readonly sessions?: boolean;
}

export const PASSWORD = 'pass wörd $(id) "quoted"';
const set = (...items: readonly string[]) => ({ $set: items });
const all = { allow_all: true };

function rows({ ann, bob, zoe, ...names }: Names): Readonly<Record<string, Row>> {
  const { first, second, ghost, expired } = names;
  return {
    'no rule': {},
    allow_all: { rules: all },
    'a wrong password': { rules: all, password: 'wrong' },
    'a password with a blank behind': { rules: all, password: `${PASSWORD} ` },
    'no password': { rules: all, password: '' },
    'no name': { rules: all, name: '' },
    'allowed_users, listed': { rules: { allowed_users: set(ann) } },
    'allowed_users, not listed': { rules: { allowed_users: set(bob) } },
    'allowed_users in capitals': { rules: { allowed_users: set(ann.toUpperCase()) } },
    'a name typed in capitals': { rules: all, name: ann.toUpperCase() },
    'admin_users alone': { rules: { admin_users: set(ann) } },
    'admin_users beside allow_all': { rules: { ...all, admin_users: set(ann) } },
    'admin_users beside allowed_users': { rules: { admin_users: set(ann), allowed_users: set(bob) } },
    'known before, beside allowed_users': { rules: { allowed_users: set(ann) }, name: zoe },
    'known before, allow_existing_users off': {
      rules: { allowed_users: set(ann), allow_existing_users: false },
      name: zoe,
    },
    'known before, allow_existing_users on': { rules: { allow_existing_users: true }, name: zoe },
    blocked_users: { rules: { ...all, blocked_users: set(ann) } },
    'blocked_users and a group': { rules: { allowed_groups: set(first), blocked_users: set(ann) } },
    'allowed_groups, a member': { rules: { allowed_groups: set(first) } },
    'allowed_groups, no member': { rules: { allowed_groups: set(first) }, name: bob },
    'allowed_groups, no member but listed': {
      rules: { allowed_groups: set(first), allowed_users: set(bob) },
      name: bob,
    },
    'allowed_groups, an unknown one': { rules: { allowed_groups: set(`${first}-unknown`) } },
    'allowed_groups, an unknown one and theirs': {
      rules: { allowed_groups: set(`${first}-unknown`, first) },
    },
    group_whitelist: { rules: { group_whitelist: set(first) } },
    'admin_groups, a member': { rules: { ...all, admin_groups: set(second) }, name: bob },
    'admin_groups, no member': { rules: { ...all, admin_groups: set(second) } },
    'admin_groups take the right away': { rules: { ...all, admin_groups: set(second) }, name: zoe },
    'admin_groups let nobody in': { rules: { admin_groups: set(second) }, name: bob },
    'admin_groups beside admin_users': {
      rules: { ...all, admin_groups: set(second), admin_users: set(ann) },
    },
    'admin_groups, an unknown one': { rules: { ...all, admin_groups: set(`${second}-unknown`) } },
    'an administrator before stays one': { rules: all, name: zoe },
    'the account stack refuses': { rules: all, name: expired },
    'the account stack is not asked': { rules: { ...all, check_account: false }, name: expired },
    'the account stack refuses who is listed': { rules: { allowed_users: set(expired) }, name: expired },
    username_map: { rules: { ...all, username_map: { [ann]: bob } } },
    'username_map, an allowed name': { rules: { allowed_users: set(bob), username_map: { [ann]: bob } } },
    'username_pattern, matched': { rules: { ...all, username_pattern: '^ant' } },
    'username_pattern, not matched': { rules: { ...all, username_pattern: '^b' } },
    pam_normalize_username: { rules: { ...all, pam_normalize_username: true } },
    'pam_normalize_username, two names of one account': {
      rules: { ...all, pam_normalize_username: true },
      name: names.twin,
    },
    'pam_normalize_username and username_map': {
      rules: { ...all, pam_normalize_username: true, username_map: { [ann]: bob } },
    },
    'pam_normalize_username, no account': {
      rules: { ...all, pam_normalize_username: true },
      name: ghost,
    },
    'two accounts that differ in case, the small one': { rules: all, name: names.lower },
    'two accounts that differ in case, the other': { rules: all, name: names.upper },
    'no account': { rules: all, name: ghost },
    'no account, and listed': { rules: { allowed_users: set(ghost) }, name: ghost },
    'no account, and no right': { name: ghost },
    root: { rules: all, name: 'root' },
    'root, listed': { rules: { allowed_users: set('root') }, name: 'root' },
    'an account of the system': { rules: all, name: 'daemon' },
    'a name that is none': { rules: all, name: 'a/b' },
    'a one-time password': { rules: { ...all, request_otp: true }, otp: '123456' },
    'a service that is not there': { rules: { ...all, service: 'no-such-file' } },
    sessions: { rules: { ...all, open_sessions: true }, sessions: true },
    'no sessions': { rules: all, sessions: true },
    'sessions that fail': {
      rules: { ...all, open_sessions: true },
      service: 'sessions-fail',
      sessions: true,
    },
  };
}

export function cases(names: Names): readonly PamCase[] {
  return Object.entries(rows(names)).map(([name, row]) => ({
    name,
    class: 'pam',
    config: { PAMAuthenticator: { service: 'SERVICE', ...row.rules } },
    users: [{ name: names.zoe, admin: true }],
    data: {
      username: row.name ?? names.ann,
      password: row.password ?? PASSWORD,
      ...(row.otp !== undefined && { otp: row.otp }),
    },
    service: row.service ?? 'usual',
    sessions: row.sessions ?? false,
  }));
}
