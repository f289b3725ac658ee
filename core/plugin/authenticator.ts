import type { Clock } from '../clock.js';
import type { Provisioned } from '../lifecycle.js';
import type { Log } from '../log.js';
import type { JsonObject } from '../model/json.js';
import type { UserName } from '../model/names.js';
import type { AuthenticationContext, AuthModel, AuthOutcome } from './authentication.js';
import type { AuthenticatorRoute } from './authenticator-routes.js';

export type { AuthenticationContext, AuthModel, AuthOutcome, Identity } from './authentication.js';

/** What a refresh found: fine as is, sign in again, nobody could be asked, or changed. */
export type RefreshOutcome =
  | { readonly kind: 'valid' }
  | { readonly kind: 'expired' }
  /** What is known stands, and the next request after a short while asks again. `why` is for the log. */
  | { readonly kind: 'stale'; readonly why: string }
  | { readonly kind: 'updated'; readonly model: AuthModel };

/**
 * Finds out who somebody is. Allow, block, admin and normalisation rules are pure functions that the hub applies
 * to every authenticator (`hub/session`); a class adds rules of its own through the optional members.
 * A directory that does not answer throws a Fault; it never counts as a refusal.
 */
export interface Authenticator extends Provisioned {
  /** JupyterHub's dotted path, for `/hub/api/info`. */
  readonly className: string;
  /** Label of the sign-in button, e.g. `GitHub`; absent for a form. */
  readonly loginService?: string;
  /**
   * @param data form fields without `_xsrf`, user name trimmed; empty for auto_login with the request itself
   * @throws Fault when the directory is down
   */
  authenticate(data: Readonly<Record<string, string>>, context: AuthenticationContext): Promise<AuthOutcome>;
  /** Replaces lower-casing + username_map. */
  normalizeUsername?(name: string): string;
  /** A rule of the class beside allow_all and allowed_users; any one rule is enough. */
  isAllowed?(name: UserName, model: AuthModel): Promise<boolean> | boolean;
  /** Whoever it lets in has proven that the account of this machine with their name is theirs. */
  readonly provesAccounts?: boolean;
  /** A rule of the class beside blocked_users; it beats every permission. */
  isBlocked?(name: UserName, model: AuthModel): Promise<boolean> | boolean;
  /** Shown to whoever proved who they are and may not enter; default `Invalid username or password`. */
  readonly refusal?: string;
  /** Whether the class itself lets anybody in (for the "nobody can sign in" warning). */
  readonly hasAllowRule?: boolean;
  /** Called for every user in the database at start and for each new one; throwing marks the name invalid. */
  addUser?(name: UserName): Promise<void>;
  deleteUser?(name: UserName): Promise<void>;
  /** @throws Fault when something else than the directory is wrong; a directory that does not answer is `stale` */
  refreshUser?(name: UserName, authState: JsonObject | null): Promise<RefreshOutcome>;
  /**
   * With `manage_roles`, at each start: roles as `c.JupyterHub.load_roles` lists them (JupyterHub's `load_managed_roles`).
   * Needed by `reset_managed_roles_on_startup`.
   */
  loadManagedRoles?(): Promise<readonly unknown[]>;
  preSpawnStart?(name: UserName, serverName: string): Promise<void>;
  postSpawnStop?(name: UserName, serverName: string): Promise<void>;
  /** Where the sign-in page sends the browser instead of showing a form. */
  loginUrl?(baseUrl: string): string;
  logoutUrl?(baseUrl: string): string;
  /** Where signing out of the hub leads, in place of the hub's own page. */
  readonly logoutRedirectUrl?: string;
  /** Names of request headers that only the hub may see: its proxy keeps them from users' servers and services. */
  readonly hubOnlyHeaders?: readonly string[];
  /** Pages of the class's own below the hub's prefix (JupyterHub's `get_handlers`), asked for once. */
  routes?(): readonly AuthenticatorRoute[];
  /** HTML of the class's own sign-in form, trusted. */
  readonly customHtml?: string;
}

/** What an authenticator is made from. */
export interface AuthenticatorInit<Config> {
  /** Resolved traits of the authenticator's class. */
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  /** `c.Anteroom.password_file`; empty: none. */
  readonly passwordFile: string;
  /** Makes new passwords at this start (`--reset-passwords`). */
  readonly resetPasswords: boolean;
  /** Shows lines to the person who starts the hub, and to nobody else: never a log. */
  announce(lines: readonly string[]): void;
}

/** The class side of an authenticator: how instances are made. */
export interface AuthenticatorKind<Config = never> {
  /** JupyterHub's dotted path for `/hub/api/info`. */
  readonly className: string;
  create(init: AuthenticatorInit<Config>): Authenticator;
  /** Faults of configuration that forbid a start of the hub, in words; empty when fine. */
  check?(config: Config, hub: AuthenticatorSurroundings): readonly string[];
}

/** What a class may need to know before it is made. */
export interface AuthenticatorSurroundings {
  /** `c.Anteroom.password_file`; empty: none. */
  readonly passwordFile: string;
  /** Users' servers are processes of this machine, which reach every port of it. */
  readonly usersRunHere: boolean;
}
