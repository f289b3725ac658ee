/**
 * The hub's proxy client (jupyterhub.proxy.ConfigurableHTTPProxy 6.1.1) for a proxy that we start, or adopt, and for
 * one that somebody else runs. Owns the watch over the process; the routes that should be there are the hub's.
 */
import { Fault, messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { JsonObject } from '../../core/model/json.js';
import type { RouteSpec } from '../../core/model/names.js';
import type { ProxyClient, ProxyRoute } from '../../core/plugin/proxy-client.js';
import { ManagedProcess } from './managed-process.js';
import type { ConfigurableHTTPProxyOptions } from './options.js';
import { RoutesApi } from './routes-api.js';

const CHECK_INTERVAL = 5000;

export class ConfigurableHTTPProxy implements ProxyClient {
  readonly #options: ConfigurableHTTPProxyOptions;
  readonly #listeners = new Set<() => void>();
  #routes: RoutesApi | undefined;
  #process: ManagedProcess | undefined;
  #watch: Disposable | undefined;
  /** A restart under way, which `stop` must not overtake. */
  #restarting: Promise<void> | undefined;
  #startedHere = false;

  constructor(options: ConfigurableHTTPProxyOptions) {
    this.#options = options;
  }

  /**
   * Starts, adopts or reaches the proxy.
   * @throws Fault PROXY_TOKEN_MISSING, PROXY_PORT_TAKEN, PROXY_START_FAILED, PROXY_UNREACHABLE, PROXY_REFUSED
   */
  async provision(): Promise<void> {
    const options = this.#options;
    if (!options.shouldStart && options.authToken === '') {
      throw new Fault(
        'PROXY_TOKEN_MISSING',
        'A proxy that the hub does not start needs its token: set ConfigurableHTTPProxy.auth_token or CONFIGPROXY_AUTH_TOKEN.',
      );
    }
    this.#routes = this.#connect(options.authToken ?? '');
    if (options.shouldStart) {
      this.#process = new ManagedProcess(options, (token) => this.#answersUnder(token));
      const { token, adopted } = await this.#process.ensureRunning();
      this.#startedHere = !adopted;
      this.#routes.reconfigure({ authToken: token });
      this.#watch = every(
        options.checkInterval ?? CHECK_INTERVAL,
        () => this.#look(),
        (error) => options.log.error('the proxy could not be restarted', { reason: messageOf(error) }),
      );
    }
    await this.#routes.list();
  }

  /** Whether its process lives, or (for one that others run) its API answers. */
  async poll(): Promise<boolean> {
    return this.#process ? this.#process.alive() : this.#api.answers();
  }

  get startedHere(): boolean {
    return this.#startedHere;
  }

  /** Of the process, when we started it. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async addRoute(spec: RouteSpec, target: string, data: JsonObject): Promise<void> {
    await this.#api.add(spec, target, data);
  }

  async deleteRoute(spec: RouteSpec): Promise<void> {
    await this.#api.delete(spec);
  }

  getAllRoutes(): Promise<ReadonlyMap<RouteSpec, ProxyRoute>> {
    return this.#api.list();
  }

  onRestart(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  reconfigure(options: { readonly apiUrl?: string; readonly authToken?: string }): void {
    this.#api.reconfigure(options);
  }

  async stop(): Promise<void> {
    await this.#endWatch();
    await this.#process?.stop();
  }

  /** The process lives on, for the next hub to adopt. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endWatch();
    this.#routes?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  get #api(): RoutesApi {
    if (!this.#routes) throw new Error('the proxy client was not provisioned');
    return this.#routes;
  }

  #connect(token: string): RoutesApi {
    const { apiUrl, hostRouting, log, concurrency, apiClientTls } = this.#options;
    return new RoutesApi({
      apiUrl,
      token,
      hostRouting,
      log,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(apiClientTls === undefined ? {} : { tls: apiClientTls }),
    });
  }

  async #answersUnder(token: string): Promise<boolean> {
    const probe = this.#connect(token);
    try {
      return await probe.answers();
    } finally {
      probe[Symbol.dispose]();
    }
  }

  async #endWatch(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    // A restart that fails is reported by the watch.
    await this.#restarting?.catch(() => undefined);
  }

  async #look(): Promise<void> {
    if (this.#process?.alive()) {
      this.#process.keepLogBounded();
      return;
    }
    this.#restarting = this.#restart();
    try {
      await this.#restarting;
    } finally {
      this.#restarting = undefined;
    }
  }

  async #restart(): Promise<void> {
    if (!this.#process || !this.#watch) return;
    this.#options.log.error('the proxy is gone, starting it again');
    const { token } = await this.#process.ensureRunning();
    this.#api.reconfigure({ authToken: token });
    for (const listener of this.#listeners) listener();
  }
}
