import type { Clock } from '../clock.js';
import type { Provisioned } from '../lifecycle.js';
import type { Log } from '../log.js';
import type { JsonObject } from '../model/json.js';
import type { UserName } from '../model/names.js';
import type { AuthenticatorRoute } from './authenticator-routes.js';

/** Who is asking, for authenticators that look at more than the form. */
export interface AuthenticationContext {
  /** The client's address after trusted proxies. */
  readonly remoteAddress: string;
  /**
   * Who handed the request to our own proxy, or to the hub where no proxy of ours stands between: the nearest machine
   * that is not ours. What a header claims can be believed if this one is believed, and not otherwise.
   */
  readonly peerAddress: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly log: Log;
}

/** Whom an identity provider means, whatever the name is that it gives them. */
export interface Identity {
  /** The provider as configured: one for all its users, at most 255 characters. */
  readonly issuer: string;
  /** What never changes hands: OpenID Connect's `sub`, or the provider's number. At most 255 characters. */
  readonly subject: string;
}

/** What `authenticate` found out (the "auth_model" of JupyterHub 6.1.1 auth.py). */
export interface AuthModel {
  readonly name: string;
  /** `null`: keep what the database says. */
  readonly admin?: boolean | null;
  readonly authState?: JsonObject | null;
  /** Read only with `manage_groups`; `null` leaves the groups as they are. */
  readonly groups?: readonly string[] | null;
  readonly roles?: readonly JsonObject[] | null;
  readonly userInfo?: JsonObject | null;
  /**
   * The hub binds the name to it at the first sign-in, and refuses another identity of the same provider that comes
   * under that name later, or under one that differs in case or Unicode form only.
   */
  readonly identity?: Identity;
}

export type AuthOutcome =
  | { readonly kind: 'authenticated'; readonly model: AuthModel }
  /** Wrong credentials, or nobody we let in. `message` may be shown; `status` default 403. */
  | { readonly kind: 'refused'; readonly message?: string; readonly status?: number };

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
