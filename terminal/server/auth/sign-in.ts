/**
 * Owns: the OAuth hand-shake with the hub (authorization code with PKCE, RFC 6749 and 7636; JupyterHub 6.1.1 services/auth.py)
 * and the way out. Each step answers with what to send; nothing is written here.
 */
import { Fault } from '../../../core/fault.js';
import type { HubClient } from '../../../core/hub-client/index.js';
import type { Log } from '../../../core/log.js';
import { locationText } from '../../../core/wire/next-url.js';
import { newVerifier, s256Challenge } from '../../../core/wire/pkce.js';
import { safeText } from '../../../core/wire/scrub.js';
import { constantTimeEqual } from '../../../core/wire/tokens.js';
import type { ServerEnvironment } from '../environment.js';
import type { Visit } from '../http/request.js';
import type { Gate } from './gate.js';
import type { Identities } from './identities.js';
import type { Jar } from './jar.js';
import { StateStore } from './state-store.js';

export interface Redirect {
  readonly location: string;
  readonly cookies: readonly string[];
}

export interface SignInOptions {
  readonly env: ServerEnvironment;
  readonly hub: HubClient;
  readonly jar: Jar;
  readonly gate: Gate;
  readonly identities: Identities;
  readonly log: Log;
}

/** Longer wishes start at the front page. */
const MAX_NEXT_CHARS = 1024;

export class SignIn {
  readonly #options: SignInOptions;
  readonly #states = new StateStore();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** Sends the browser to the hub. */
  begin(visit: Visit): Redirect {
    const { env, jar } = this.#options;
    const verifier = newVerifier();
    const { name, clear } = jar.newStateName(visit);
    const id = this.#states.add({ next: this.#ownPath(visit.target.canonical), verifier, cookieName: name });
    const query = new URLSearchParams({
      client_id: env.clientId,
      redirect_uri: env.callbackUrl,
      response_type: 'code',
      state: id,
      code_challenge: s256Challenge(verifier),
      code_challenge_method: 'S256',
    });
    return {
      location: `${env.hubUrl}api/oauth2/authorize?${query.toString()}`,
      cookies: [...clear, jar.setState(visit, name, id)],
    };
  }

  /**
   * The browser comes back from the hub.
   * @throws Fault 400, 403, 500 or 502, with a message fit for a page
   */
  async callback(visit: Visit): Promise<Redirect> {
    const { env, hub, jar, identities, log } = this.#options;
    const { code, state } = this.#readAnswer(visit);
    const pending = this.#states.get(state);
    const inCookie = jar.state(visit, pending?.cookieName ?? jar.defaultStateName);
    if (inCookie === undefined) return this.#replayed(visit, pending?.next);
    if (!constantTimeEqual(inCookie, state) || !pending) {
      throw new Fault(
        'OAUTH_STATE',
        'This sign-in does not belong to this browser, or took too long. Start again.',
        {
          status: 403,
        },
      );
    }
    this.#states.delete(state);
    const grant = await hub.exchangeCode({
      clientId: env.clientId,
      code,
      redirectUri: env.callbackUrl,
      codeVerifier: pending.verifier,
    });
    const holder = await identities.resolve(grant.accessToken, visit.sessionId);
    if (!holder) {
      throw new Fault('OAUTH_IDENTITY', 'The hub does not know who signed in. Try again.', { status: 500 });
    }
    log.info('signed in', { name: safeText(holder.name), kind: holder.kind });
    return {
      location: locationText(pending.next),
      cookies: [
        ...jar.clearStates(visit),
        jar.setToken(visit, grant.accessToken, grant.expiresIn),
        ...jar.setXsrf(visit, grant.accessToken),
      ],
    };
  }

  /** Out of here, and on to the hub, which ends the session everywhere. */
  leave(): Redirect {
    const { env, jar } = this.#options;
    return { location: `${env.hubUrl}logout`, cookies: [jar.clearToken()] };
  }

  #readAnswer(visit: Visit): { code: string; state: string } {
    const { query } = visit.target;
    const error = query.get('error');
    if (error !== null) {
      const description = query.get('error_description') ?? error;
      throw new Fault('OAUTH_REFUSED', `The hub refused the sign-in: ${safeText(description, 200)}`, {
        status: 400,
      });
    }
    const code = query.get('code');
    const state = query.get('state');
    if (!code) throw new Fault('OAUTH_CALLBACK', 'This sign-in has no code. Start again.', { status: 400 });
    if (!state) throw new Fault('OAUTH_CALLBACK', 'This sign-in has no state. Start again.', { status: 400 });
    return { code, state };
  }

  /** No cookie: fine for one who is already in (a reloaded callback), the code stays unused; else refused. */
  async #replayed(visit: Visit, next: string | undefined): Promise<Redirect> {
    const visitor = await this.#options.gate.identify(visit);
    if (visitor.kind === 'known') {
      return {
        location: locationText(next ?? this.#options.env.prefix),
        cookies: this.#options.jar.clearStates(visit),
      };
    }
    throw new Fault(
      'OAUTH_STATE',
      'The cookie of this sign-in is missing. Allow cookies for this site, then start again.',
      { status: 403 },
    );
  }

  /** It came from our own request line; still, only a path below the prefix may come out of it. */
  #ownPath(path: string): string {
    const { prefix } = this.#options.env;
    return path.startsWith(prefix) && path.length <= MAX_NEXT_CHARS ? path : prefix;
  }
}
