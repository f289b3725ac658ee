import type { Clock } from '../../core/clock.js';
import type { JsonObject } from '../../core/model/json.js';
import type { RouteSpec } from '../../core/model/names.js';
import type { ProxyClient, ProxyRoute } from '../../core/plugin/proxy-client.js';
import type { Metrics } from './metrics.js';

type ProxyMetrics = Pick<Metrics, 'proxyAdded' | 'proxyDeleted' | 'proxyPoll'>;

/** A proxy client that tells how long it took: routes of users when added or deleted, the table when it is read. */
export class MeasuredProxy implements ProxyClient {
  readonly #proxy: ProxyClient;
  readonly #metrics: ProxyMetrics;
  readonly #clock: Clock;
  /** Routes of users are below it. */
  readonly #users: string;

  constructor(
    proxy: ProxyClient,
    options: { readonly metrics: ProxyMetrics; readonly clock: Clock; readonly baseUrl: string },
  ) {
    this.#proxy = proxy;
    this.#metrics = options.metrics;
    this.#clock = options.clock;
    this.#users = `${options.baseUrl}user/`;
  }

  get startedHere(): boolean {
    return this.#proxy.startedHere;
  }

  addRoute(spec: RouteSpec, target: string, data: JsonObject): Promise<void> {
    const work = (): Promise<void> => this.#proxy.addRoute(spec, target, data);
    return this.#isUsers(spec) ? this.#timed(work, (...told) => this.#metrics.proxyAdded(...told)) : work();
  }

  deleteRoute(spec: RouteSpec): Promise<void> {
    const work = (): Promise<void> => this.#proxy.deleteRoute(spec);
    return this.#isUsers(spec) ? this.#timed(work, (...told) => this.#metrics.proxyDeleted(...told)) : work();
  }

  getAllRoutes(): Promise<ReadonlyMap<RouteSpec, ProxyRoute>> {
    return this.#timed(
      () => this.#proxy.getAllRoutes(),
      (status, seconds) => {
        if (status === 'success') this.#metrics.proxyPoll.observe(seconds);
      },
    );
  }

  onRestart(listener: () => void): Disposable {
    return this.#proxy.onRestart(listener);
  }

  reconfigure(options: Parameters<ProxyClient['reconfigure']>[0]): void {
    this.#proxy.reconfigure(options);
  }

  provision(): Promise<void> {
    return this.#proxy.provision();
  }

  stop(): Promise<void> {
    return this.#proxy.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
  }

  #isUsers(spec: RouteSpec): boolean {
    return spec.startsWith(this.#users);
  }

  async #timed<T>(
    work: () => Promise<T>,
    tell: (status: 'success' | 'failure', seconds: number) => void,
  ): Promise<T> {
    const began = this.#clock.monotonic();
    const seconds = (): number => (this.#clock.monotonic() - began) / 1000;
    try {
      const result = await work();
      tell('success', seconds());
      return result;
    } catch (error) {
      tell('failure', seconds());
      throw error;
    }
  }
}
