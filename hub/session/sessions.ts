/**
 * Who makes a request: a token in the Authorization header where the endpoint takes tokens, else the browser's
 * login cookie (JupyterHub 6.1.1 `BaseHandler.get_current_user`). Records activity, and asks the authenticator
 * again when what it said is old.
 */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { cookieValues } from '../../core/wire/cookies.js';
import { decodeSignedValue } from '../../core/wire/signed-value.js';
import type { Principal } from '../principal.js';
import type { Store, UserRecord } from '../store/types.js';
import type { ActivityRecorder } from './activity.js';
import type { AuthRefresh } from './refresh.js';
import { RequestSession, type SessionRequest } from './request-session.js';
import { loginCookieName, type SessionSettings } from './settings.js';
import type { TokenFinder } from './token-finder.js';

/** Note of tokens that servers were started with: their calls are not their user's activity. */
const SERVER_TOKEN_NOTE = 'Server at ';
const AUTHORIZATION = /^(?:token|bearer)\s+(\S+)$/i;

/** What the route says about credentials. */
export interface CredentialRules {
  readonly acceptsTokens: boolean;
  /** Whether using the login cookie here counts as the user's activity. */
  readonly cookieActivity: boolean;
  /** False where a cookie must not count: an API POST whose body is no JSON may come from another site's form. */
  readonly acceptsCookie: boolean;
}

export interface SessionsOptions {
  readonly store: Pick<Store, 'users' | 'services' | 'tokens'>;
  readonly settings: SessionSettings;
  readonly tokens: TokenFinder;
  readonly activity: ActivityRecorder;
  readonly refresh: AuthRefresh;
  readonly clock: Clock;
  readonly log: Log;
}

export class Sessions {
  readonly settings: SessionSettings;
  readonly log: Log;
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.log = options.log;
  }

  open(request: SessionRequest): RequestSession {
    return new RequestSession(request, this.#options.settings, this.#options.clock);
  }

  /**
   * Makes the session its principal's.
   * @throws what the store or the authenticator's directory threw: then nobody knows who this is
   */
  async identify(session: RequestSession, rules: CredentialRules): Promise<void> {
    const principal =
      (rules.acceptsTokens ? await this.#byToken(session) : undefined) ??
      (await this.#byCookie(session, rules));
    if (!principal) return;
    const current = await this.#refreshed(principal);
    if (current) session.become(current);
  }

  /** A bad token is no error: the cookie gets its turn. */
  async #byToken(session: RequestSession): Promise<Principal | undefined> {
    const { store, tokens, activity } = this.#options;
    const given = AUTHORIZATION.exec(session.request.header('authorization') ?? '')?.[1];
    const token = given === undefined ? undefined : await tokens.find(given);
    if (!token) return undefined;
    activity.token(token);
    const via = { kind: 'token', token } as const;
    if (token.userId !== null) {
      const user = await store.users.byId(token.userId);
      if (!user) return undefined;
      if (!token.note.startsWith(SERVER_TOKEN_NOTE)) activity.user(user);
      return { kind: 'user', user, via };
    }
    const service = token.serviceId === null ? undefined : await store.services.byId(token.serviceId);
    return service && { kind: 'service', service, via };
  }

  async #byCookie(session: RequestSession, rules: CredentialRules): Promise<Principal | undefined> {
    const name = loginCookieName(this.#options.settings);
    const sent = cookieValues(session.request.cookieHeader, name);
    if (sent.length === 0) return undefined;
    const user = await this.userOfCookie(name, sent);
    if (!user) {
      session.clearLoginCookie();
      return undefined;
    }
    if (rules.cookieActivity) this.#options.activity.user(user);
    const sessionId = session.ensureSessionId();
    if (!rules.acceptsCookie) return undefined;
    return { kind: 'user', user, via: { kind: 'cookie', sessionId } };
  }

  /** Whose login cookie one of these is. Tornado takes the last of several; a tossed-in one that does not verify must not sign anybody out. */
  async userOfCookie(name: string, sent: readonly string[]): Promise<UserRecord | undefined> {
    const { settings, clock, store } = this.#options;
    const options = {
      maxAgeDays: settings.cookieMaxAgeDays,
      now: clock.now() / 1000,
      minVersion: 1,
    } as const;
    for (const signed of sent.slice(-8).reverse()) {
      const cookieId = decodeSignedValue(settings.cookieSecret, name, signed, options);
      const user = cookieId === undefined ? undefined : await store.users.byCookieId(cookieId);
      if (user) return user;
    }
    return undefined;
  }

  /** `undefined` when the user has to sign in again. */
  async #refreshed(principal: Principal): Promise<Principal | undefined> {
    if (principal.kind !== 'user') return principal;
    const requester = principal.via.kind === 'token' ? 'token' : 'own-browser';
    const user = await this.#options.refresh.current(principal.user, requester);
    return user && { ...principal, user };
  }
}
