/**
 * Counters under CHP's names (5.3.0, lib/metrics.js), and gauges of ours beside them. Without a metrics listener
 * nothing is counted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry, Summary } from 'prom-client';
import { pathOf } from './message/path-of.js';
import { type MetricValues, withMergedSummaries } from './metric-values.js';

/** What an engine has open at this moment. */
export interface OpenNow {
  /** Connections of clients to the public listener, tunnels among them. */
  readonly clients: number;
  /** WebSockets, each with a connection to its target. */
  readonly tunnels: number;
  /** Connections to targets that carry a request. */
  readonly active: number;
  /** Connections to targets that are kept for the next request. */
  readonly idle: number;
}

export interface Metrics {
  web(): void;
  ws(): void;
  /** What a proxied request was answered with, by the target or by us. */
  proxied(status: number): void;
  /** A connection beyond `--max-connections`. */
  refused(): void;
  api(status: number): void;
  apiRoute(kind: 'get' | 'add' | 'delete'): void;
  timeLookup(): () => void;
  timeActivity(): () => void;
  /** @param look called when somebody reads the metrics */
  watch(look: () => Promise<OpenNow>): void;
}

const nothing = (): void => undefined;

export const noMetrics: Metrics = {
  web: nothing,
  ws: nothing,
  proxied: nothing,
  refused: nothing,
  api: nothing,
  apiRoute: nothing,
  timeLookup: () => nothing,
  timeActivity: () => nothing,
  watch: nothing,
};

/** ms between two looks at the event loop's clock. */
const LOOP_RESOLUTION = 20;
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #web = this.#counter('requests_web', 'Count of web requests');
  readonly #ws = this.#counter('requests_ws', 'Count of WebSocket requests');
  readonly #proxied = this.#counter('requests_proxy', 'Count of proxied requests by status', ['status']);
  readonly #refused = this.#counter(
    'anteroom_proxy_connections_refused',
    'Count of connections beyond --max-connections',
  );
  readonly #api = this.#counter('requests_api', 'Count of API requests by status', ['status']);
  readonly #routes = {
    get: this.#counter('api_route_get', 'Count of route listings'),
    add: this.#counter('api_route_add', 'Count of routes added'),
    delete: this.#counter('api_route_delete', 'Count of routes deleted'),
  };
  readonly #lookup = this.#summary('find_target_for_req', 'Seconds to find the target of a request');
  readonly #activity = this.#summary('last_activity_updating', 'Seconds to update last_activity');

  readonly #observe: (() => Promise<void>)[] = [];
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.#loop.enable();
    const help = 'How late the event loop was since the last reading, in seconds';
    const delay = this.#gauge('event_loop_delay_seconds', help, ['quantile'], 'max');
    this.#observe.push(async () => {
      for (const quantile of [0.5, 0.99, 1]) {
        // What is measured contains the time between two looks itself.
        const late = this.#loop.percentile(quantile * 100) / 1e9 - LOOP_RESOLUTION / 1000;
        delay.set({ quantile }, Math.max(0, late));
      }
      this.#loop.reset();
    });
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

  refused(): void {
    this.#refused.inc();
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

  watch(look: () => Promise<OpenNow>): void {
    const clients = this.#gauge('client_sockets', 'Open connections of clients');
    const tunnels = this.#gauge('tunnels', 'Open WebSockets');
    const upstream = this.#gauge('upstream_sockets', 'Open connections to targets', ['state']);
    this.#observe.push(async () => {
      const now = await look();
      clients.set(now.clients);
      tunnels.set(now.tunnels);
      upstream.set({ state: 'active' }, now.active);
      upstream.set({ state: 'idle' }, now.idle);
    });
  }

  /** For another process to add to its own. */
  async values(): Promise<MetricValues> {
    await this.#look();
    // The library's type leaves out what is there (`metricName`), and names `type` by a number.
    return (await this.#registry.getMetricsAsJSON()) as unknown as MetricValues;
  }

  /**
   * The metrics listener: `GET` and `HEAD` of `/metrics`, everything else 404.
   * @param others of processes that share our work; theirs are added to ours
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    others: () => Promise<readonly MetricValues[]> = async () => [],
  ): Promise<void> {
    if (!READING.has(request.method ?? '') || pathOf(request.url ?? '') !== '/metrics') {
      response.writeHead(404).end('Not Found');
      return;
    }
    const text = await this.#text(await others());
    response.writeHead(200, { 'content-type': this.#registry.contentType }).end(text);
  }

  async #text(others: readonly MetricValues[]): Promise<string> {
    if (others.length === 0) {
      await this.#look();
      return this.#registry.metrics();
    }
    // What only one process can say (when it started) is said of this one.
    const own = (await this.values()).map((metric) =>
      metric.aggregator === 'omit' ? { ...metric, aggregator: 'first' } : metric,
    );
    const merged = withMergedSummaries([own, ...others]);
    // The library's types know these values by another name.
    return AggregatorRegistry.aggregate(merged as never).metrics();
  }

  /** Gauges say what is the case when they are read. */
  async #look(): Promise<void> {
    for (const observe of this.#observe) await observe();
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** @param aggregator how those of several processes become one */
  #gauge(name: string, help: string, labelNames: string[] = [], aggregator: 'sum' | 'max' = 'sum'): Gauge {
    const registers = [this.#registry];
    return new Gauge({ name: `anteroom_proxy_${name}`, help, labelNames, aggregator, registers });
  }

  #summary(name: string, help: string): Summary {
    return new Summary({ name, help, percentiles: QUANTILES, registers: [this.#registry] });
  }
}
