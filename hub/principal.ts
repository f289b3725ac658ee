import type { ServiceRecord, TokenRecord, UserRecord } from './store/types.js';

/**
 * Who makes a request, as `hub/session` established it. What they may do is `hub/rbac`'s business.
 */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user';
      readonly user: UserRecord;
      /** A browser's login cookie with its `jupyterhub-session-id`, or a token. */
      readonly via:
        | { readonly kind: 'cookie'; readonly sessionId: string }
        | { readonly kind: 'token'; readonly token: TokenRecord };
    }
  | {
      readonly kind: 'service';
      readonly service: ServiceRecord;
      readonly via: { readonly kind: 'token'; readonly token: TokenRecord };
    };

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/**
 * Who asks for something of a user's: only a browser of their own can be sent to sign in again. `token` is a token of
 * their own.
 */
export type Requester = 'own-browser' | 'token' | 'another-user';

export function requesterOf(principal: Principal, user: Pick<UserRecord, 'id'>): Requester {
  if (principal.kind !== 'user' || principal.user.id !== user.id) return 'another-user';
  return principal.via.kind === 'cookie' ? 'own-browser' : 'token';
}
