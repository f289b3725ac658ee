/**
 * `/hub/metrics` for Prometheus, under JupyterHub's names (recorded in test/fixtures/metrics.json). Owns the registry and
 * what can be seen from requests and the database; knows nothing of how servers are started.
 *
 * Not measured yet: durations of spawns, stops, polls, route changes and start-up, and the event loop's intervals.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../../core/clock.js';
import { timestamp } from '../../core/model/time.js';
import { PUBLIC, scopes } from '../http/route-config.js';
import type { Store } from '../store/types.js';

export interface MetricsOptions {
  readonly store: Pick<Store, 'users'>;
  readonly clock: Clock;
  /** `JupyterHub.authenticate_prometheus` */
  readonly authenticated: boolean;
  readonly hubPrefix: string;
  readonly apiPrefix: string;
  activeServers(): number;
  /** Writes activity that is not in the database yet. */
  flushActivity(): Promise<void>;
}

/** As prometheus_client answers a scraper that asks for nothing special. */
const CONTENT_TYPE = 'text/plain; version=1.0.0; charset=utf-8';
const HOUR_MS = 3_600_000;
const PERIODS: ReadonlyArray<readonly [label: string, hours: number]> = [
  ['24h', 24],
  ['7d', 7 * 24],
  ['30d', 30 * 24],
];
/** Seconds; prometheus_client's own. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export function registerMetrics(app: FastifyInstance, options: MetricsOptions): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  observeRequests(app, options, registry);
  describePeople(options, registry);
  const access = options.authenticated ? scopes('read:metrics') : PUBLIC;
  for (const url of [`${options.hubPrefix}metrics`, `${options.apiPrefix}metrics`]) {
    app.get(url, { config: { access, answers: 'html', tokens: true } }, async (_request, reply) =>
      reply.type(CONTENT_TYPE).send(await registry.metrics()),
    );
  }
}

function observeRequests(app: FastifyInstance, options: MetricsOptions, registry: Registry): void {
  const registers = [registry];
  const requests = new Histogram({
    name: 'jupyterhub_request_duration_seconds',
    help: 'Duration of requests in seconds.',
    labelNames: ['method', 'handler', 'code'],
    buckets: BUCKETS,
    registers,
  });
  const logins = new Histogram({
    name: 'jupyterhub_login_duration_seconds',
    help: 'Duration of sign-ins by the form in seconds.',
    labelNames: ['status'],
    buckets: BUCKETS,
    registers,
  });
  const logouts = new Histogram({
    name: 'jupyterhub_logout_duration_seconds',
    help: 'Duration of sign-outs in seconds.',
    buckets: BUCKETS,
    registers,
  });
  const reports = new Counter({
    name: 'jupyterhub_csp_reports_total',
    help: 'Reports of browsers about the content security policy.',
    registers,
  });
  app.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    // The pattern of the route: a path would make a label for every name that somebody tries.
    const handler = request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1000;
    requests.observe({ method: request.method, handler, code: reply.statusCode }, seconds);
    if (handler === `${options.hubPrefix}login` && request.method === 'POST') {
      // JupyterHub's labels are printed with the name of their class.
      const status = reply.statusCode === 302 ? 'LoginStatus.success' : 'LoginStatus.failure';
      logins.observe({ status }, seconds);
    }
    if (handler === `${options.hubPrefix}logout`) logouts.observe(seconds);
    if (handler.endsWith('/security/csp-report') && reply.statusCode === 200) reports.inc();
  });
}

function describePeople(options: MetricsOptions, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'jupyterhub_running_servers',
    help: 'Servers that run or are about to.',
    registers,
    collect() {
      this.set(options.activeServers());
    },
  });
  new Gauge({
    name: 'jupyterhub_total_users',
    help: 'Users in the database.',
    registers,
    async collect() {
      this.set(await options.store.users.count());
    },
  });
  new Gauge({
    name: 'jupyterhub_active_users',
    help: 'Users who were active in the period before now.',
    labelNames: ['period'],
    registers,
    async collect() {
      await options.flushActivity();
      for (const [period, hours] of PERIODS) {
        const since = timestamp(options.clock.now() - hours * HOUR_MS);
        this.set({ period }, await options.store.users.countActiveSince(since));
      }
    },
  });
}
