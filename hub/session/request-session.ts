/**
 * One request's session: who asks, the browser session's id, the XSRF token, and the cookies that the answer will set.
 * Made by `Sessions.identify` (sessions.ts).
 */
import type { Clock } from '../../core/clock.js';
import { clearCookie, cookieValue, setCookie } from '../../core/wire/cookies.js';
import { isNavigation } from '../../core/wire/fetch-metadata.js';
import { signValue } from '../../core/wire/signed-value.js';
import { newSessionId } from '../../core/wire/tokens.js';
import {
  ANONYMOUS_XSRF_SECONDS,
  anonymousXsrfId,
  XSRF_COOKIE,
  type XsrfState,
  xsrfId,
  xsrfState,
} from '../../core/wire/xsrf.js';
import { ANONYMOUS, type Principal } from '../principal.js';
import type { UserRecord } from '../store/types.js';
import {
  authenticatorKey,
  readRemembered,
  rememberedCookie,
  signRemembered,
  withoutAge,
} from './remembered.js';
import {
  hubPrefix,
  LEGACY_SERVICES_COOKIE,
  loginCookieAttributes,
  loginCookieName,
  SESSION_COOKIE,
  type SessionSettings,
  sessionCookieAttributes,
  xsrfCookieAttributes,
} from './settings.js';

/** What a session reads of a request. */
export interface SessionRequest {
  readonly cookieHeader: string | undefined;
  readonly fetchMode: string | undefined;
  /** Lower-case name to value. */
  readonly header: (name: string) => string | undefined;
  readonly clientAddress: string;
  /** Who handed the request to our own proxy. */
  readonly peerAddress: string;
  readonly protocol: 'http' | 'https';
  /** Some hop on the way to the browser is TLS. */
  readonly tls: boolean;
}

/** What the database column takes; JupyterHub makes 32 hexadecimal digits. */
const SESSION_ID = /^[\x21-\x7e]{1,255}$/;

export class RequestSession {
  readonly request: SessionRequest;
  readonly #settings: SessionSettings;
  readonly #clock: Clock;
  readonly #cookies = new Map<string, string>();
  #principal: Principal = ANONYMOUS;
  #sessionId: string | undefined;
  #xsrf: XsrfState | undefined;

  constructor(request: SessionRequest, settings: SessionSettings, clock: Clock) {
    this.request = request;
    this.#settings = settings;
    this.#clock = clock;
    const sent = cookieValue(request.cookieHeader, SESSION_COOKIE);
    this.#sessionId = sent !== undefined && SESSION_ID.test(sent) ? sent : undefined;
  }

  get principal(): Principal {
    return this.#principal;
  }

  /** The browser's session; `undefined` for browsers that have none and for tokens. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** `Set-Cookie` headers for the answer; the last of several for one cookie. */
  get setCookies(): readonly string[] {
    return [...this.#cookies.values()];
  }

  /** For `Sessions` only: who it is. */
  become(principal: Principal): void {
    this.#principal = principal;
    this.#xsrf = undefined;
  }

  /** The session's id, made and set as a cookie when there is none. */
  ensureSessionId(): string {
    if (this.#sessionId !== undefined) return this.#sessionId;
    this.#sessionId = newSessionId();
    this.#set(SESSION_COOKIE, this.#sessionId, sessionCookieAttributes(this.#settings, this.request.tls));
    return this.#sessionId;
  }

  /** What pages embed and requests must bring. On a navigation the browser gets it as a cookie too. */
  xsrfToken(): string {
    if (this.#xsrf) return this.#xsrf.token;
    const { cookieSecret } = this.#settings;
    this.#xsrf = xsrfState(cookieSecret, this.request.cookieHeader, this.#xsrfId(), this.#seconds());
    if (!this.#xsrf.inCookie && isNavigation(this.request.fetchMode)) this.#setXsrf(this.#xsrf.token);
    return this.#xsrf.token;
  }

  /** For the sign-in page: sets the cookie again, so that its hour begins anew. */
  renewXsrf(): string {
    const token = this.xsrfToken();
    if (isNavigation(this.request.fetchMode)) this.#setXsrf(token);
    return token;
  }

  /** Makes the browser the user's. The login cookie is set only where it is not already this user's. */
  signIn(user: UserRecord): void {
    const before = this.#principal;
    const already =
      before.kind === 'user' && before.via.kind === 'cookie' && before.user.cookieId === user.cookieId;
    const sessionId = this.ensureSessionId();
    if (!already) {
      const name = loginCookieName(this.#settings);
      const value = signValue(this.#settings.cookieSecret, name, user.cookieId, this.#seconds());
      this.#set(name, value, loginCookieAttributes(this.#settings, this.request.tls));
    }
    this.become({ kind: 'user', user, via: { kind: 'cookie', sessionId } });
    this.renewXsrf();
    this.#setXsrf(this.xsrfToken());
  }

  /** Clears every cookie of the hub; the tokens of the session are `SignOut`'s. */
  clearCookies(): void {
    const { baseUrl, cookieDomain } = this.#settings;
    if (this.#sessionId !== undefined) {
      this.#clear(SESSION_COOKIE, {
        path: baseUrl,
        ...(cookieDomain !== undefined && { domain: cookieDomain }),
      });
    }
    this.clearLoginCookie();
    this.#clear(LEGACY_SERVICES_COOKIE, { path: `${baseUrl}services` });
    const { path, domain } = xsrfCookieAttributes(this.#settings);
    this.#clear(XSRF_COOKIE, { path: path ?? '/', ...(domain !== undefined && { domain }) });
    this.#sessionId = undefined;
    this.become(ANONYMOUS);
  }

  /** What an authenticator remembers in this browser. */
  get remembered(): ReadonlyMap<string, string> {
    return readRemembered(this.request.cookieHeader, this.#settings, this.#seconds());
  }

  /** What an authenticator may make secrets from; tells nothing of the cookie secret. */
  get authenticatorKey(): Uint8Array {
    return authenticatorKey(this.#settings);
  }

  /** @param value `null` takes it away */
  remember(name: string, value: string | null): void {
    const cookie = rememberedCookie(name, this.#settings, this.request.tls);
    if (value === null) this.#clear(cookie.name, withoutAge(cookie.attributes));
    else {
      const signed = signRemembered(name, value, this.#settings, this.#seconds());
      this.#set(cookie.name, signed, cookie.attributes);
    }
  }

  clearLoginCookie(): void {
    const host = this.#settings.cookieHostPrefixEnabled;
    const attributes = host ? { path: '/', secure: true } : { path: hubPrefix(this.#settings) };
    this.#clear(loginCookieName(this.#settings), attributes);
  }

  #xsrfId(): string {
    const principal = this.#principal;
    if (principal.kind === 'service') return xsrfId('', '');
    if (principal.kind === 'user') return xsrfId(this.ensureSessionId(), principal.user.cookieId);
    const { clientAddress, header } = this.request;
    return xsrfId(this.#sessionId, anonymousXsrfId(clientAddress, header, this.#settings.anonymousIds));
  }

  #setXsrf(token: string): void {
    const seconds = this.#principal.kind === 'anonymous' ? ANONYMOUS_XSRF_SECONDS : undefined;
    this.#set(XSRF_COOKIE, token, xsrfCookieAttributes(this.#settings, seconds));
  }

  #set(name: string, value: string, attributes: Parameters<typeof setCookie>[2]): void {
    this.#cookies.set(name, setCookie(name, value, attributes, this.#clock.now()));
  }

  #clear(name: string, attributes: Parameters<typeof clearCookie>[1]): void {
    this.#cookies.set(name, clearCookie(name, attributes, this.#clock.now()));
  }

  #seconds(): number {
    return this.#clock.now() / 1000;
  }
}
