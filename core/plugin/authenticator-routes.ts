/**
 * Pages of an authenticator's own: where a browser is sent to a provider, and where it comes back. The hub reads the
 * request, keeps what has to be remembered in the browser, and does with an outcome what it does with a form's.
 */
import type { Fault } from '../fault.js';
import type { AuthenticationContext, AuthOutcome } from './authentication.js';

/** One page, reached by GET: a provider sends browsers back by redirect. Anybody may ask for it. */
export interface AuthenticatorRoute {
  /** Below the hub's prefix: `oauth_callback` is `/hub/oauth_callback`. Letters, digits, `_` and `-`. */
  readonly path: string;
  /** @throws Fault, which is shown with a way to sign in again */
  handle(request: AuthenticatorRequest): Promise<AuthenticatorAnswer>;
}

export interface AuthenticatorRequest extends AuthenticationContext {
  /** The last value of each argument. */
  readonly query: Readonly<Record<string, string>>;
  /** `next`, as far as it is a place of this hub; else empty. */
  readonly next: string;
  /** What earlier answers have set in this browser, as they set it: forged, foreign and old ones are not here. */
  readonly cookies: ReadonlyMap<string, string>;
  /** Secret of this hub for this purpose alone, the same for all hubs of one cookie secret: to make further secrets from. */
  readonly key: Uint8Array;
  /** The hub as the browser sees it, e.g. `https://hub.example.org/hub/`. */
  readonly hubUrl: string;
}

/** Kept in the browser for a day, signed by the hub; not secret from the browser's owner. */
export interface AuthenticatorCookie {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** `null` takes it away. */
  readonly value: string | null;
}

export type AuthenticatorAnswer = { readonly cookies?: readonly AuthenticatorCookie[] } & (
  | { readonly kind: 'redirect'; readonly url: string }
  /** Goes the way of every sign-in; afterwards the browser goes to `next`, or where sign-ins lead by default. */
  | { readonly kind: 'outcome'; readonly outcome: AuthOutcome; readonly next: string }
  /** As if thrown, with its cookies. */
  | { readonly kind: 'failed'; readonly fault: Fault }
);
