/**
 * Owns: what a server says to the hub that started it: who holds a token, code for token, activity, version,
 * revocations. Typed requests and checked answers.
 * Does not own: retries, caches, what an answer means for a visitor (terminal/server).
 */
import { Fault } from '../fault.js';
import { JUPYTERHUB_VERSION_HEADER } from '../version.js';
import {
  type AccessGrant,
  parseAccessGrant,
  parseRevocationPage,
  parseTokenHolder,
  type RevocationPage,
  type TokenHolder,
} from './models.js';
import { type HubReply, type HubTls, HubTransport } from './request.js';

export type { AccessGrant, Revocation, RevocationPage, TokenHolder } from './models.js';
export type { HubTls } from './request.js';

export interface HubClientOptions {
  /** `JUPYTERHUB_API_URL`, without a trailing slash. */
  readonly apiUrl: string;
  /** `JUPYTERHUB_API_TOKEN`: the server's own token. */
  readonly token: string;
  readonly tls?: HubTls | undefined;
  /** Milliseconds for one answer; default 10 s. The revocation request has its own. */
  readonly timeoutMs?: number;
}

export interface CodeExchange {
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** Longer than the hub's long poll of 60 s. */
const REVOCATION_TIMEOUT_MS = 75_000;

export class HubClient implements Disposable {
  readonly #options: HubClientOptions;
  readonly #transport: HubTransport;
  readonly #timeoutMs: number;

  constructor(options: HubClientOptions) {
    this.#options = options;
    this.#transport = new HubTransport(options.tls);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** The hub's version, from the header of `GET {api}`; `undefined` when it does not say. */
  async version(): Promise<string | undefined> {
    const reply = await this.#get(this.#options.apiUrl);
    if (reply.status >= 500) throw unexpected('GET {api}', reply);
    const version = reply.headers[JUPYTERHUB_VERSION_HEADER.toLowerCase()];
    return typeof version === 'string' && /^[\w.+-]{1,64}$/.test(version) ? version : undefined;
  }

  /** Who holds `token`; `null` when the hub says nobody (401, 403). Throws on every other trouble. */
  async whoami(token: string): Promise<TokenHolder | null> {
    const reply = await this.#get(`${this.#options.apiUrl}/user`, token);
    if (reply.status === 401 || reply.status === 403) return null;
    if (reply.status !== 200) throw unexpected('GET {api}/user', reply);
    const holder = parseTokenHolder(json(reply));
    if (!holder) throw unexpected('GET {api}/user', reply);
    return holder;
  }

  /** Code for token (RFC 6749 section 4.1.3, RFC 7636 section 4.5). Throws `OAUTH_TOKEN_REFUSED` on a 4xx. */
  async exchangeCode(exchange: CodeExchange): Promise<AccessGrant> {
    const form = new URLSearchParams({
      client_id: exchange.clientId,
      client_secret: this.#options.token,
      grant_type: 'authorization_code',
      code: exchange.code,
      redirect_uri: exchange.redirectUri,
      code_verifier: exchange.codeVerifier,
    });
    const reply = await this.#transport.send({
      method: 'POST',
      url: `${this.#options.apiUrl}/oauth2/token`,
      headers: {
        authorization: `token ${this.#options.token}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      timeoutMs: this.#timeoutMs,
    });
    if (reply.status >= 400 && reply.status < 500) {
      throw new Fault('OAUTH_TOKEN_REFUSED', 'The hub refused to finish signing you in. Try again.', {
        detail: `token endpoint answered ${reply.status}`,
      });
    }
    const grant = reply.status === 200 ? parseAccessGrant(json(reply)) : undefined;
    if (!grant) throw unexpected('POST {api}/oauth2/token', reply);
    return grant;
  }

  /** Tells the hub when the server was last used. `url` is `JUPYTERHUB_ACTIVITY_URL`. */
  async reportActivity(url: string, serverName: string, at: Date): Promise<void> {
    const when = at.toISOString();
    const reply = await this.#transport.send({
      method: 'POST',
      url,
      headers: { authorization: `token ${this.#options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ servers: { [serverName]: { last_activity: when } }, last_activity: when }),
      timeoutMs: this.#timeoutMs,
    });
    if (reply.status !== 200) throw unexpected('POST activity', reply);
  }

  /**
   * Waits until the hub revoked something after `cursor`, at most about a minute. `null`: this hub does not
   * offer it (404), ask no more.
   */
  async revocations(cursor: string | undefined, signal: AbortSignal): Promise<RevocationPage | null> {
    const query = cursor === undefined ? '' : `?since=${encodeURIComponent(cursor)}`;
    const reply = await this.#transport.send({
      method: 'GET',
      url: `${this.#options.apiUrl}/anteroom/revocations${query}`,
      headers: { authorization: `token ${this.#options.token}` },
      timeoutMs: REVOCATION_TIMEOUT_MS,
      signal,
    });
    if (reply.status === 404) return null;
    const page = reply.status === 200 ? parseRevocationPage(json(reply)) : undefined;
    if (!page) throw unexpected('GET {api}/anteroom/revocations', reply);
    return page;
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  #get(url: string, token?: string): Promise<HubReply> {
    return this.#transport.send({
      method: 'GET',
      url,
      headers: token === undefined ? {} : { authorization: `token ${token}` },
      timeoutMs: this.#timeoutMs,
    });
  }
}

function json(reply: HubReply): unknown {
  try {
    return JSON.parse(reply.text);
  } catch (error) {
    throw new Fault('HUB_ANSWER', 'The hub gave an answer that makes no sense.', {
      status: 502,
      cause: error,
    });
  }
}

function unexpected(what: string, reply: HubReply): Fault {
  return new Fault('HUB_ANSWER', 'The hub could not answer. Try again in a moment.', {
    status: reply.status >= 500 ? 502 : 500,
    detail: `${what} answered ${reply.status}`,
  });
}
