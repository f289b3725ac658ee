/** Counters under CHP's names (5.3.0, lib/metrics.js). Without a metrics listener nothing is counted. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Registry, Summary } from 'prom-client';
import { type MetricValues, withMergedSummaries } from './metric-values.js';

export interface Metrics {
  web(): void;
  ws(): void;
  /** What a proxied request was answered with, by the target or by us. */
  proxied(status: number): void;
  api(status: number): void;
  apiRoute(kind: 'get' | 'add' | 'delete'): void;
  timeLookup(): () => void;
  timeActivity(): () => void;
}

const nothing = (): void => undefined;

export const noMetrics: Metrics = {
  web: nothing,
  ws: nothing,
  proxied: nothing,
  api: nothing,
  apiRoute: nothing,
  timeLookup: () => nothing,
  timeActivity: () => nothing,
};

const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #web = this.#counter('requests_web', 'Count of web requests');
  readonly #ws = this.#counter('requests_ws', 'Count of WebSocket requests');
  readonly #proxied = this.#counter('requests_proxy', 'Count of proxied requests by status', ['status']);
  readonly #api = this.#counter('requests_api', 'Count of API requests by status', ['status']);
  readonly #routes = {
    get: this.#counter('api_route_get', 'Count of route listings'),
    add: this.#counter('api_route_add', 'Count of routes added'),
    delete: this.#counter('api_route_delete', 'Count of routes deleted'),
  };
  readonly #lookup = this.#summary('find_target_for_req', 'Seconds to find the target of a request');
  readonly #activity = this.#summary('last_activity_updating', 'Seconds to update last_activity');

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  web(): void {
    this.#web.inc();
  }

  ws(): void {
    this.#ws.inc();
  }

  proxied(status: number): void {
    this.#proxied.inc({ status });
  }

  api(status: number): void {
    this.#api.inc({ status });
  }

  apiRoute(kind: 'get' | 'add' | 'delete'): void {
    this.#routes[kind].inc();
  }

  timeLookup(): () => void {
    return this.#lookup.startTimer();
  }

  timeActivity(): () => void {
    return this.#activity.startTimer();
  }

  /** For another process to add to its own. */
  async values(): Promise<MetricValues> {
    // The library's type leaves out what is there (`metricName`), and names `type` by a number.
    return (await this.#registry.getMetricsAsJSON()) as unknown as MetricValues;
  }

  /**
   * The metrics listener: `GET /metrics`, everything else 404.
   * @param others of processes that share our work; theirs are added to ours
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    others: () => Promise<readonly MetricValues[]> = async () => [],
  ): Promise<void> {
    if (request.method !== 'GET' || (request.url ?? '').split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end('Not Found');
      return;
    }
    const text = await this.#text(await others());
    response.writeHead(200, { 'content-type': this.#registry.contentType }).end(text);
  }

  async #text(others: readonly MetricValues[]): Promise<string> {
    if (others.length === 0) return this.#registry.metrics();
    // What only one process can say (when it started) is said of this one.
    const own = (await this.values()).map((metric) =>
      metric.aggregator === 'omit' ? { ...metric, aggregator: 'first' } : metric,
    );
    const merged = withMergedSummaries([own, ...others]);
    // The library's types know these values by another name.
    return AggregatorRegistry.aggregate(merged as never).metrics();
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #summary(name: string, help: string): Summary {
    return new Summary({ name, help, percentiles: QUANTILES, registers: [this.#registry] });
  }
}
