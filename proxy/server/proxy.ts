/**
 * The composed proxy: route table, REST API, engine and listeners. Owns every listener; owns no process concerns
 * (main.ts does) and does not read flags (options.ts does).
 */
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { messageOf } from '../../core/fault.js';
import { Disposables, type Provisioned } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { AccessLog } from './access/access-log.js';
import { RouteApi } from './api/api.js';
import type { CreateEngine } from './engine/engine.js';
import { engineOf } from './engine/engines.js';
import { ErrorPages } from './error-pages.js';
import { noMetrics, PrometheusMetrics } from './metrics.js';
import type { Listen, ProxyOptions } from './options.js';
import { redirector } from './redirect.js';
import { MemoryRoutes } from './routes/memory.js';
import { loadBackend } from './routes/plugin.js';
import { RouteTable } from './routes/table.js';
import { type ListenerTls, serverTlsOptions } from './tls.js';

export class RoutingProxy implements Provisioned {
  readonly #options: ProxyOptions;
  readonly #log: Log;
  readonly #createEngine: CreateEngine;
  readonly #owned = new Disposables();
  #servers: { readonly main: Server; readonly api: Server; readonly metrics: Server | undefined } | undefined;

  constructor(options: ProxyOptions, log: Log, createEngine: CreateEngine = engineOf(options.engine)) {
    this.#options = options;
    this.#log = log;
    this.#createEngine = createEngine;
  }

  /** Listens. @throws when a port is taken, a back end or an error target is unusable */
  async provision(): Promise<void> {
    const options = this.#options;
    const log = this.#log;
    const prometheus = options.metrics ? new PrometheusMetrics() : undefined;
    const metrics = prometheus ?? noMetrics;
    const store = options.storageBackend
      ? loadBackend(options.storageBackend, options.raw, log)
      : new MemoryRoutes();
    const table = new RouteTable(store, { hostRouting: options.hostRouting, log, metrics });
    const errorPages = new ErrorPages({ ...options, log });
    this.#owned.defer(() => errorPages[Symbol.dispose]());
    if (options.defaultTarget !== undefined) await table.add('/', options.defaultTarget, {});

    const engine = this.#owned.use(
      this.#createEngine({
        routes: table,
        errorPages,
        metrics,
        access: this.#openAccessLog(),
        log,
        options: options.forward,
        hostRouting: options.hostRouting,
        upstreamTls: options.upstreamTls,
        verifyTargets: options.verifyTargets,
      }),
    );
    const api = new RouteApi({ table, token: options.authToken, metrics, log });
    const main = await this.#listen(engine.createServer(options.tls), options.listen, 'public');
    const apiServer = plainServer((request, response) => api.handle(request, response), options.apiTls);
    await this.#listen(apiServer, options.api, 'API');
    this.#servers = { main, api: apiServer, metrics: await this.#serveMetrics(prometheus) };
    await this.#redirect();
  }

  /** Where it listens; port 0 in tests. */
  get addresses(): { readonly main: string; readonly api: string; readonly metrics: string | undefined } {
    if (!this.#servers) throw new Error('not listening');
    const { main, api, metrics } = this.#servers;
    return { main: addressOf(main), api: addressOf(api), metrics: metrics && addressOf(metrics) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }

  #openAccessLog(): AccessLog | undefined {
    const { accessLog } = this.#options;
    return accessLog && this.#owned.use(new AccessLog(accessLog, this.#log));
  }

  async #serveMetrics(prometheus: PrometheusMetrics | undefined): Promise<Server | undefined> {
    const { metrics } = this.#options;
    if (!prometheus || !metrics) return undefined;
    const server = plainServer((request, response) => {
      prometheus.serve(request, response).catch((error: unknown) => {
        this.#log.error(`Metrics were not served: ${messageOf(error)}`);
        response.destroy();
      });
    }, undefined);
    await this.#listen(server, metrics, 'metrics');
    this.#log.info(`Serve metrics at http://${describe(metrics)}/metrics`);
    return server;
  }

  async #redirect(): Promise<void> {
    const { redirect, listen } = this.#options;
    if (!redirect || listen.kind !== 'tcp') return;
    const own = listen.port === 443 ? undefined : listen.port;
    const server = plainServer(redirector(redirect.toPort ?? own), undefined);
    await this.#listen(server, { kind: 'tcp', port: redirect.port, host: undefined }, 'redirect');
    this.#log.info(
      `Added HTTP to HTTPS redirection from ${redirect.port} to ${redirect.toPort ?? listen.port}`,
    );
  }

  async #listen(server: Server, listen: Listen, name: string): Promise<Server> {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(new Error(`${name} listener: ${error.message}`, { cause: error }));
      server.once('error', fail);
      server.listen(
        listen.kind === 'unix' ? { path: listen.path } : { port: listen.port, ...hostIf(listen.host) },
        () => {
          server.off('error', fail);
          server.on('error', (error) => this.#log.error(`${name} listener: ${error.message}`));
          resolve();
        },
      );
    });
    this.#owned.defer(() => closeServer(server));
    return server;
  }
}

export function describe(listen: Listen): string {
  return listen.kind === 'unix' ? listen.path : `${listen.host ?? '*'}:${listen.port}`;
}

function hostIf(host: string | undefined): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

function plainServer(listener: RequestListener, tls: ListenerTls | undefined): HttpServer {
  const settings = { headersTimeout: 20_000, requestTimeout: 60_000 };
  return tls
    ? createTlsServer({ ...settings, ...serverTlsOptions(tls) }, listener)
    : createServer(settings, listener);
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
      server.closeAllConnections();
    }
  });
}

function addressOf(server: Server): string {
  const address: AddressInfo | string | null = server.address();
  if (address === null) throw new Error('not listening');
  if (typeof address === 'string') return address;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
