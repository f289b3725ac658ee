/**
 * CHP's REST API as the hub speaks it (jupyterhub.proxy 6.1.1): at most ten requests at once, a lost connection or
 * an answer of 500 and above tried again for 30 s, an answer of 400 to 499 raised at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { RouteSpec } from '../../core/model/names.js';
import type { ProxyRoute } from '../../core/plugin/proxy-client.js';
import { Limit } from './limit.js';
import type { TlsFiles } from './options.js';
import { pathOfSpec, specOfPath } from './route-keys.js';
import { type ApiReply, Transport } from './transport.js';

const RETRY_FOR = 30_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

export interface RoutesApiOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly hostRouting: boolean;
  readonly log: Log;
  readonly concurrency?: number;
  readonly tls?: TlsFiles;
  /** ms that a request is tried again for. For tests. */
  readonly retryFor?: number;
}

export class RoutesApi implements Disposable {
  readonly #hostRouting: boolean;
  readonly #log: Log;
  readonly #limit: Limit;
  readonly #tls: TlsFiles | undefined;
  readonly #retryFor: number;
  #apiUrl: string;
  #token: string;
  #transport: Transport;
  #disposed = false;

  constructor(options: RoutesApiOptions) {
    this.#hostRouting = options.hostRouting;
    this.#log = options.log;
    this.#limit = new Limit(options.concurrency ?? 10);
    this.#tls = options.tls;
    this.#retryFor = options.retryFor ?? RETRY_FOR;
    this.#apiUrl = options.apiUrl;
    this.#token = options.token;
    this.#transport = new Transport(options.apiUrl, options.tls);
  }

  /** From now on; requests under way finish where they are. */
  reconfigure(options: { readonly apiUrl?: string; readonly authToken?: string }): void {
    if (options.authToken !== undefined) this.#token = options.authToken;
    if (options.apiUrl === undefined || options.apiUrl === this.#apiUrl) return;
    const old = this.#transport;
    this.#transport = new Transport(options.apiUrl, this.#tls);
    this.#apiUrl = options.apiUrl;
    old[Symbol.dispose]();
  }

  async add(spec: RouteSpec, target: string, data: JsonObject): Promise<void> {
    const body = JSON.stringify({ ...data, target, jupyterhub: true });
    await this.#request('POST', pathOfSpec(spec, this.#hostRouting), body);
  }

  async delete(spec: RouteSpec): Promise<void> {
    await this.#request('DELETE', pathOfSpec(spec, this.#hostRouting), undefined, [404]);
  }

  async list(): Promise<ReadonlyMap<RouteSpec, ProxyRoute>> {
    const { body } = await this.#request('GET', '');
    const table: unknown = parse(body);
    if (!isJsonObject(table)) throw notAProxy(this.#apiUrl);
    const routes = new Map<RouteSpec, ProxyRoute>();
    for (const [path, entry] of Object.entries(table)) {
      const route = toRoute(entry);
      if (route) routes.set(specOfPath(path, this.#hostRouting), route);
    }
    return routes;
  }

  /**
   * One look, without retries: whether the API answers and takes our token.
   * @param silence ms that it may take
   */
  async answers(silence = 5000): Promise<boolean> {
    try {
      // A path that nobody has: a whole table is not needed to know.
      const reply = await this.#transport.send(
        'GET',
        '/api/routes/.anteroom-probe',
        this.#token,
        undefined,
        silence,
      );
      return reply.status === 404 || reply.status === 200;
    } catch (error) {
      this.#log.debug('the proxy API does not answer', { reason: messageOf(error) });
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#transport[Symbol.dispose]();
  }

  #request(
    method: string,
    path: string,
    body?: string,
    tolerated: readonly number[] = [],
  ): Promise<ApiReply> {
    return this.#limit.run(() => this.#persist(method, `/api/routes${path}`, body, tolerated));
  }

  async #persist(
    method: string,
    path: string,
    body: string | undefined,
    tolerated: readonly number[],
  ): Promise<ApiReply> {
    const deadline = performance.now() + this.#retryFor;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const outcome = await this.#try(method, path, body);
      if ('status' in outcome) {
        if (outcome.status < 300 || tolerated.includes(outcome.status)) return outcome;
        if (outcome.status < 500) throw refused(method, path, outcome);
      }
      const reason = 'status' in outcome ? `status ${outcome.status}` : outcome.error;
      if (this.#disposed || performance.now() + pause > deadline) throw unreachable(this.#apiUrl, reason);
      this.#log.warn('the proxy API failed, trying again', { method, path, reason });
      await delay(pause);
    }
  }

  async #try(
    method: string,
    path: string,
    body: string | undefined,
  ): Promise<ApiReply | { readonly error: string }> {
    try {
      return await this.#transport.send(method, path, this.#token, body);
    } catch (error) {
      return { error: messageOf(error) };
    }
  }
}

function toRoute(entry: unknown): ProxyRoute | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { target, jupyterhub, last_activity: stamp, ...data } = entry;
  if (jupyterhub === undefined || typeof target !== 'string') return undefined;
  const time = typeof stamp === 'string' ? Date.parse(stamp) : Number.NaN;
  return Number.isNaN(time) ? { target, data } : { target, data, lastActivity: time };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(method: string, path: string, reply: ApiReply): Fault {
  const hint = reply.status === 403 ? ' Its token is another: see ConfigurableHTTPProxy.auth_token.' : '';
  return new Fault('PROXY_REFUSED', `The proxy refused a request of the hub.${hint}`, {
    detail: `${method} ${path}: ${reply.status} ${reply.body.slice(0, 200)}`,
  });
}

function unreachable(apiUrl: string, reason: string): Fault {
  return new Fault('PROXY_UNREACHABLE', 'The proxy does not answer the hub. Is it running?', {
    status: 503,
    detail: `${apiUrl}: ${reason}`,
  });
}

function notAProxy(apiUrl: string): Fault {
  return new Fault(
    'PROXY_UNREACHABLE',
    "What answers at the proxy's API address is no configurable-http-proxy.",
    {
      status: 503,
      detail: apiUrl,
    },
  );
}
