/** `/hub/metrics` and the measuring of requests (JupyterHub 6.1.1 handlers/metrics.py, metrics.py). */
import type { FastifyInstance } from 'fastify';
import { httpError } from '../http/errors.js';
import { PUBLIC } from '../http/route-config.js';
import type { Endpoint } from '../openapi/index.js';
import { CSP_HANDLER, HandlerNames, LOGOUT_HANDLER } from './handlers.js';
import { CONTENT_TYPE, type Metrics } from './metrics.js';

const METRICS: Endpoint = {
  id: 'get-metrics',
  summary: 'Metrics for Prometheus',
  scopes: ['read:metrics'],
  answers: {
    200: { description: 'text exposition format', content: { 'text/plain': { type: 'string' } } },
    403: { description: 'nobody who may', content: { 'text/html': { type: 'string' } } },
  },
};

export interface MetricsRouteOptions {
  readonly metrics: Metrics;
  /** `/hub/` */
  readonly hubPrefix: string;
  /** `authenticate_prometheus`: only with the scope `read:metrics`. */
  readonly authenticate: boolean;
}

/** Before the other routes, so that their requests are measured. */
export function registerMetrics(app: FastifyInstance, options: MetricsRouteOptions): void {
  const { metrics, hubPrefix, authenticate } = options;
  const names = new HandlerNames(hubPrefix);
  app.addHook('onResponse', async (request, reply) => {
    const seconds = reply.elapsedTime / 1000;
    const handler = names.of(request.is404 ? undefined : request.routeOptions.url, request.url);
    metrics.requests.observe(seconds, { method: request.method, handler, code: String(reply.statusCode) });
    if (handler === LOGOUT_HANDLER) metrics.logout.observe(seconds);
    if (handler === CSP_HANDLER && reply.statusCode < 300) metrics.cspReports.increment();
  });

  const config = { access: PUBLIC, answers: 'html', tokens: true, endpoint: METRICS } as const;
  for (const url of [`${hubPrefix}metrics`, `${hubPrefix}api/metrics`]) {
    app.get(url, { config }, async (request, reply) => {
      // JupyterHub's words, which differ from those of the gate.
      if (authenticate && !request.access.scopes.contains('read:metrics')) {
        throw httpError(403, "Access to metrics requires scope 'read:metrics'");
      }
      return reply.type(CONTENT_TYPE).send(await metrics.text());
    });
  }
}
