import { clearCookie, cookieValues, setCookie } from '../../../core/wire/cookies.js';
import { constantTimeEqual } from '../../../core/wire/tokens.js';
import type { ServerEnvironment } from '../environment.js';
import type { Visit } from '../http/request.js';
import { hashOf } from './identities.js';
import type { SecretBox } from './secret-box.js';

const STATE_SECONDS = 600;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** More sign-ins at once than that are leftovers; they go, so that headers do not grow (431). */
const MAX_STATE_COOKIES = 5;
const MAX_AUTH_SECONDS = 30 * 86_400;

/** Our cookies: their names, their attributes, and what is sealed in them. */
export class Jar {
  readonly #env: ServerEnvironment;
  readonly #box: SecretBox;
  readonly #name: string;

  constructor(env: ServerEnvironment, box: SecretBox) {
    this.#env = env;
    this.#box = box;
    this.#name = env.cookieHostPrefix ? `__Host-${env.clientId}` : env.clientId;
  }

  /** The token in the auth cookie. All cookies of the name are tried: others may have set theirs beside ours. */
  token(visit: Visit): string | undefined {
    for (const value of cookieValues(visit.cookieHeader, this.#name)) {
      const token = this.#box.open('auth', value);
      if (token !== undefined) return token;
    }
    return undefined;
  }

  hasAuthCookie(visit: Visit): boolean {
    return cookieValues(visit.cookieHeader, this.#name).length > 0;
  }

  /** @param expiresIn seconds that the token lives, when the hub said so */
  setToken(visit: Visit, token: string, expiresIn: number | undefined): string {
    const { cookieOptions, cookieHostPrefix } = this.#env;
    const maxAge = cookieOptions.maxAge ?? Math.min(expiresIn ?? MAX_AUTH_SECONDS, MAX_AUTH_SECONDS);
    const domain = cookieHostPrefix ? undefined : cookieOptions.domain;
    return setCookie(
      this.#name,
      this.#box.seal('auth', token),
      {
        path: this.#path(),
        httpOnly: true,
        secure: cookieHostPrefix || (cookieOptions.secure ?? this.#isSecure(visit)),
        sameSite: cookieOptions.sameSite ?? 'Lax',
        ...(maxAge > 0 ? { maxAge } : {}),
        ...(domain === undefined ? {} : { domain }),
      },
      Date.now(),
    );
  }

  clearToken(): string {
    return this.#clear(this.#name);
  }

  /** A name that no other sign-in of this browser uses, and what to clear when there are too many. */
  newStateName(visit: Visit): { readonly name: string; readonly clear: readonly string[] } {
    const base = `${this.#name}-oauth-state`;
    const present = this.#stateNames(visit);
    if (present.length === 0) return { name: base, clear: [] };
    const letters = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => LETTERS[byte % 52]).join(
      '',
    );
    return {
      name: `${base}-${letters}`,
      clear: present.length >= MAX_STATE_COOKIES ? present.map((name) => this.#clear(name)) : [],
    };
  }

  setState(visit: Visit, name: string, id: string): string {
    return setCookie(
      name,
      this.#box.seal('state', id),
      {
        path: this.#path(),
        httpOnly: true,
        secure: this.#isSecure(visit) || this.#env.cookieHostPrefix,
        sameSite: 'Lax',
        maxAge: STATE_SECONDS,
      },
      Date.now(),
    );
  }

  state(visit: Visit, name: string): string | undefined {
    for (const value of cookieValues(visit.cookieHeader, name)) {
      const id = this.#box.open('state', value);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  get defaultStateName(): string {
    return `${this.#name}-oauth-state`;
  }

  /** Cookies of every sign-in of this browser: one has succeeded, or all have failed. */
  clearStates(visit: Visit): readonly string[] {
    return this.#stateNames(visit).map((name) => this.#clear(name));
  }

  xsrfToken(sessionId: string, token: string): string {
    return this.#box.sign(`xsrf:${sessionId}:${hashOf(token)}`);
  }

  setXsrf(visit: Visit, token: string): readonly string[] {
    const value = this.xsrfToken(visit.sessionId, token);
    if (cookieValues(visit.cookieHeader, '_xsrf').includes(value)) return [];
    const attributes = { path: this.#env.prefix, secure: this.#isSecure(visit), sameSite: 'Lax' };
    return [setCookie('_xsrf', value, attributes, Date.now())];
  }

  hasXsrf(visit: Visit, token: string): boolean {
    const given = visit.target.query.get('_xsrf') ?? visit.xsrfHeader;
    return given !== undefined && constantTimeEqual(this.xsrfToken(visit.sessionId, token), given);
  }

  #stateNames(visit: Visit): string[] {
    const names = (visit.cookieHeader ?? '')
      .split(';')
      .map((pair) => pair.slice(0, Math.max(0, pair.indexOf('='))).trim())
      .filter((name) => name.startsWith(this.defaultStateName));
    return [...new Set(names)].slice(0, 50);
  }

  #clear(name: string): string {
    const { cookieHostPrefix, cookieOptions } = this.#env;
    return clearCookie(
      name,
      {
        path: this.#path(),
        ...(cookieHostPrefix ? { secure: true } : {}),
        ...(cookieOptions.domain !== undefined && !cookieHostPrefix && name === this.#name
          ? { domain: cookieOptions.domain }
          : {}),
      },
      Date.now(),
    );
  }

  #path(): string {
    return this.#env.cookieHostPrefix ? '/' : this.#env.prefix;
  }

  #isSecure(visit: Visit): boolean {
    return (this.#env.publicScheme ?? visit.protocol) === 'https';
  }
}
