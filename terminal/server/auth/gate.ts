/**
 * Owns: who a request comes from and whether they may be here, in the order of JupyterHub 6.1.1 services/auth.py:
 * token in the URL where allowed, Authorization header, cookie under the XSRF rule.
 * Does not own: what a refusal looks like (../http), the sign-in itself (sign-in.ts).
 */
import type { TokenHolder } from '../../../core/hub-client/index.js';
import { holdsAccessScope } from '../../../core/scopes/access-check.js';
import { cookieMayStandAlone } from '../../../core/wire/fetch-metadata.js';
import type { ServerEnvironment } from '../environment.js';
import type { Visit } from '../http/request.js';
import type { Identities } from './identities.js';
import type { Jar } from './jar.js';
import { judgeOrigin } from './origin.js';

export type Visitor =
  | {
      readonly kind: 'anonymous';
      /** The auth cookie opens nothing: take it away. */
      readonly staleCookie: boolean;
      /** There was a good cookie, but no XSRF token where one is needed. */
      readonly xsrfMissing: boolean;
    }
  | {
      readonly kind: 'known';
      readonly holder: TokenHolder;
      readonly token: string;
      readonly source: 'url' | 'header' | 'cookie';
      /** Holds a scope that opens this server. */
      readonly allowed: boolean;
    };

export class Gate {
  readonly #env: ServerEnvironment;
  readonly #identities: Identities;
  readonly #jar: Jar;

  constructor(env: ServerEnvironment, identities: Identities, jar: Jar) {
    this.#env = env;
    this.#identities = identities;
    this.#jar = jar;
  }

  /** @throws Fault when the hub cannot be asked */
  async identify(visit: Visit): Promise<Visitor> {
    const urlToken = this.#env.allowTokenInUrl || visit.websocket ? visit.target.query.get('token') : null;
    if (urlToken) {
      const known = await this.#known(urlToken, visit, 'url');
      if (known) return known;
    }
    const headerToken = /^(?:token|bearer)\s+(\S+)\s*$/i.exec(visit.authorization ?? '')?.[1];
    if (headerToken) {
      const known = await this.#known(headerToken, visit, 'header');
      if (known) return known;
    }
    return this.#fromCookie(visit);
  }

  /** The rules of a WebSocket: as above, and from a page of ours. Cookies need an Origin that says so. */
  async identifySocket(visit: Visit): Promise<Visitor> {
    const verdict = judgeOrigin({
      origin: visit.origin,
      host: visit.host,
      fetchSite: visit.fetchSite,
      publicOrigins: this.#env.publicOrigins,
    });
    if (verdict === 'foreign') return NOBODY;
    const visitor = await this.identify(visit);
    if (visitor.kind === 'known' && visitor.source === 'cookie') {
      if (verdict !== 'same' || !this.#env.allowWebSocketCookieAuth) return NOBODY;
    }
    return visitor;
  }

  async #fromCookie(visit: Visit): Promise<Visitor> {
    const token = this.#jar.token(visit);
    if (token === undefined) return { ...NOBODY, staleCookie: this.#jar.hasAuthCookie(visit) };
    const standsAlone = cookieMayStandAlone(visit.method, visit.fetchMode, visit.fetchSite);
    if (!standsAlone && !this.#jar.hasXsrf(visit, token)) return { ...NOBODY, xsrfMissing: true };
    return (await this.#known(token, visit, 'cookie')) ?? { ...NOBODY, staleCookie: true };
  }

  async #known(
    token: string,
    visit: Visit,
    source: 'url' | 'header' | 'cookie',
  ): Promise<Visitor | undefined> {
    const holder = await this.#identities.resolve(token, visit.sessionId);
    if (!holder) return undefined;
    return {
      kind: 'known',
      holder,
      token,
      source,
      allowed: holdsAccessScope(holder.scopes, this.#env.accessScopes),
    };
  }
}

const NOBODY: Visitor & { kind: 'anonymous' } = { kind: 'anonymous', staleCookie: false, xsrfMissing: false };
