/** Who asks to be let in, and what an authenticator finds out about them. */
import type { Log } from '../log.js';
import type { JsonObject } from '../model/json.js';

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
