/**
 * The composed proxy: route table, storage, REST API and its listeners; and the data plane, here or in workers.
 * Owns no process concerns (main.ts does) and does not read flags (options.ts does).
 */
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { messageOf } from '../../core/fault.js';
import { Disposables, type Provisioned } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { RouteApi } from './api/api.js';
import { apiServer } from './api/server.js';
import { watchCertificates } from './certificates.js';
import { DataPlane, type PlaneOptions } from './data-plane.js';
import type { Listen } from './listen-options.js';
import { addressOf, closeServer, describe, drainServer, listenOn, plainServer } from './listeners.js';
import { type Metrics, noMetrics, PrometheusMetrics } from './metrics.js';
import type { ProxyOptions } from './options.js';
import { redirector } from './redirect.js';
import { GuardedRoutes } from './routes/guarded.js';
import { openStorage } from './routes/open-storage.js';
import type { Storage } from './routes/storage.js';
import { RouteTable, type TableObserver } from './routes/table.js';
import { type ListenerTls, serverTlsOptions } from './tls.js';
import { WorkerPool } from './workers/pool.js';
import type { WorkerSetup } from './workers/protocol.js';

/** How workers log. */
export type WorkerLog = Pick<WorkerSetup, 'logFile' | 'logLevel'>;

/** What carries requests: this process, or workers. */
interface Carrier {
  readonly address: string;
  setPublicTls(tls: ListenerTls): void;
  setUpstreamTls(tls: ListenerTls): void;
  drain(): Promise<void>;
}

export class RoutingProxy implements Provisioned {
  readonly #options: ProxyOptions;
  readonly #log: Log;
  readonly #workerLog: WorkerLog;
  readonly #owned = new Disposables();
  readonly #small: Server[] = [];
  #carrier: Carrier | undefined;
  #pool: WorkerPool | undefined;
  #storage: Storage | undefined;
  #addresses:
    | { readonly main: string; readonly api: string; readonly metrics: string | undefined }
    | undefined;

  constructor(
    options: ProxyOptions,
    log: Log,
    workerLog: WorkerLog = { logFile: undefined, logLevel: 'info' },
  ) {
    this.#options = options;
    this.#log = log;
    this.#workerLog = workerLog;
  }

  /** Listens. @throws when a port is taken, a back end or an error target is unusable */
  async provision(): Promise<void> {
    const { hostRouting, defaultTarget, authToken } = this.#options;
    const log = this.#log;
    const prometheus = this.#options.metrics ? new PrometheusMetrics() : undefined;
    const metrics = prometheus ?? noMetrics;
    const observers: TableObserver[] = [];
    const storage = this.#owned.use(await openStorage(this.#options, log));
    this.#storage = storage;
    if (storage.observer) observers.push(storage.observer);
    const table = new RouteTable(storage.store, { hostRouting, log, metrics, observers });
    if (defaultTarget !== undefined) await table.add('/', defaultTarget, {});
    storage.follow((change) => table.announce(change));

    const carrier = await this.#carry(table, storage, metrics, observers);
    this.#carrier = carrier;
    const api = new RouteApi({ table, token: authToken, metrics, log });
    const routesServer = apiServer(api, this.#options.apiTls);
    await this.#listen(routesServer, this.#options.api, 'API');
    const metricsServer = await this.#serveMetrics(prometheus);
    await this.#redirect();
    this.#watchCertificates(carrier, routesServer);
    this.#addresses = {
      main: carrier.address,
      api: addressOf(routesServer),
      metrics: metricsServer && addressOf(metricsServer),
    };
  }

  /** Where it listens; port 0 in tests. */
  get addresses(): { readonly main: string; readonly api: string; readonly metrics: string | undefined } {
    if (!this.#addresses) throw new Error('not listening');
    return this.#addresses;
  }

  /** Closes every listener now; resolves when the last connection has ended by itself. */
  async drain(): Promise<void> {
    await Promise.all([this.#carrier?.drain(), ...this.#small.map(drainServer)]);
  }

  /** For the end of the process, in this call: no worker is left, and the file of routes is complete. */
  abandon(): void {
    this.#pool?.killAll();
    this.#storage?.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }

  async #carry(
    table: RouteTable,
    storage: Storage,
    metrics: Metrics,
    observers: TableObserver[],
  ): Promise<Carrier> {
    const options = planeOptions(this.#options);
    if (this.#options.own.workers > 1) return this.#startWorkers(options, table, storage, observers);
    const routes = new GuardedRoutes(table);
    const plane = this.#owned.use(new DataPlane(options, { routes, metrics, log: this.#log }));
    await plane.listen();
    return {
      address: plane.address,
      setPublicTls: (tls) => plane.setPublicTls(tls),
      setUpstreamTls: ({ settings }) => plane.setUpstreamTls(settings),
      drain: () => plane.drain(),
    };
  }

  async #startWorkers(
    options: PlaneOptions,
    table: RouteTable,
    { store }: Storage,
    observers: TableObserver[],
  ): Promise<Carrier> {
    const log = this.#log;
    const replica = store.snapshot !== undefined;
    // The primary keeps the file in bounds.
    const accessLog = options.accessLog && { path: options.accessLog.path };
    const pool = new WorkerPool({
      size: options.own.workers,
      setup: { options: { ...options, accessLog }, replica, ...this.#workerLog },
      log,
      snapshot: () => store.snapshot?.() ?? [],
      find: (path) => store.find(path),
      active: (stamps) => {
        table.merge(stamps).catch((error: unknown) => {
          log.warn(`last_activity was not stored: ${messageOf(error)}`);
        });
      },
    });
    this.#pool = this.#owned.use(pool);
    observers.push(pool);
    await pool.start();
    return {
      address: pool.address,
      setPublicTls: (tls) => pool.setTls({ side: 'public', tls }),
      setUpstreamTls: ({ settings }) => pool.setTls({ side: 'client', settings }),
      drain: () => pool.drain(),
    };
  }

  #watchCertificates(carrier: Carrier, routesServer: HttpServer): void {
    const { tlsSources } = this.#options;
    const watch = watchCertificates(
      [
        { name: 'public', source: tlsSources.public, use: (tls) => carrier.setPublicTls(tls) },
        {
          name: 'API',
          source: tlsSources.api,
          use: (tls) => {
            if (routesServer instanceof TlsServer) routesServer.setSecureContext(serverTlsOptions(tls));
          },
        },
        { name: 'client', source: tlsSources.client, use: (tls) => carrier.setUpstreamTls(tls) },
      ],
      this.#log,
    );
    this.#owned.defer(() => watch[Symbol.dispose]());
  }

  async #serveMetrics(prometheus: PrometheusMetrics | undefined): Promise<Server | undefined> {
    const { metrics } = this.#options;
    if (!prometheus || !metrics) return undefined;
    const others = this.#pool && (() => this.#pool?.metrics() ?? Promise.resolve([]));
    const server = plainServer((request, response) => {
      prometheus.serve(request, response, others).catch((error: unknown) => {
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

  async #listen(server: Server, listen: Listen, name: string): Promise<void> {
    await listenOn(server, listen, name, this.#log);
    this.#small.push(server);
    this.#owned.defer(() => closeServer(server));
  }
}

/** What a worker needs, and nothing that it could give away. */
function planeOptions(options: ProxyOptions): PlaneOptions {
  const {
    api: _api,
    apiTls: _apiTls,
    authToken: _authToken,
    defaultTarget: _defaultTarget,
    raw: _raw,
    redirect: _redirect,
    storageBackend: _storageBackend,
    tlsSources: _tlsSources,
    own,
    ...plane
  } = options;
  return { ...plane, own: { ...own, redis: undefined } };
}
