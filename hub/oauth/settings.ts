/** What the provider works with. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { Rights } from '../rbac/index.js';
import type { Store, UserRecord } from '../store/types.js';

interface OAuthSettings {
  /** `oauth_token_expires_in`. */
  readonly tokenLifetimeSeconds: number;
  /** `oauth_require_pkce`: clients that send no challenge are refused. */
  readonly requirePkce: boolean;
}

export interface OAuthDeps {
  readonly store: Store;
  readonly rights: Rights;
  readonly settings: OAuthSettings;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OAuthRouteDeps extends OAuthDeps {
  /** `/hub/`. */
  readonly hubPrefix: string;
  /**
   * Where an anonymous browser signs in, without `next`: the authenticator's own page with
   * `auto_login_oauth2_authorize`, else the hub's.
   */
  readonly loginUrl: string;
  /** Sends `oauth.html`. */
  renderPage(
    request: FastifyRequest,
    reply: FastifyReply,
    template: string,
    variables: Readonly<Record<string, unknown>>,
  ): unknown;
  /** Decrypted auth_state, a variable of the page. */
  readonly authState?: (user: UserRecord) => Promise<JsonObject | null>;
}

/** Codes live five minutes (JupyterHub 6.1.1 `save_authorization_code`). */
export const CODE_LIFETIME_SECONDS = 300;
