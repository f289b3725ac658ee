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
