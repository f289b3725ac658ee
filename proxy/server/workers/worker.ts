/** A worker: the public listener with a table that the primary keeps. Owns no route, no API and no metrics listener. */
import { messageOf } from '../../../core/fault.js';
import { every } from '../../../core/lifecycle.js';
import { DataPlane } from '../data-plane.js';
import { ProxyLog } from '../log.js';
import { noMetrics, PrometheusMetrics } from '../metrics.js';
import { GuardedRoutes } from '../routes/guarded.js';
import { type RouteRecord, routeOf } from '../routes/route.js';
import { RouteTable } from '../routes/table.js';
import { appendingSink, stdoutSink } from '../sink.js';
import { AskedRoutes } from './asked-routes.js';
import type { Change, FromWorker, NewTls, ToWorker, WorkerSetup } from './protocol.js';
import { ReplicaRoutes } from './replica-routes.js';

/** ms between two messages about activity: so much of it is lost when a worker dies. */
const STAMP_EVERY = 1000;

export type Tell = (message: FromWorker) => void;

export class ProxyWorker implements AsyncDisposable {
  readonly #tell: Tell;
  readonly #routes: ReplicaRoutes | AskedRoutes;
  readonly #prometheus: PrometheusMetrics | undefined;
  readonly #plane: DataPlane;
  readonly #log: ProxyLog;
  readonly #stamping: Disposable;

  constructor(setup: WorkerSetup, table: readonly RouteRecord[], tell: Tell) {
    this.#tell = tell;
    const { options, logFile, logLevel } = setup;
    const log = new ProxyLog(logFile === undefined ? stdoutSink() : appendingSink(logFile), logLevel);
    this.#log = log;
    this.#prometheus = options.metrics ? new PrometheusMetrics() : undefined;
    const metrics = this.#prometheus ?? noMetrics;
    this.#routes = setup.replica ? new ReplicaRoutes(table.map(routeOf)) : new AskedRoutes(tell);
    const routes = new RouteTable(this.#routes, { hostRouting: options.hostRouting, log, metrics });
    this.#plane = new DataPlane(options, { routes: new GuardedRoutes(routes), metrics, log });
    this.#stamping = every(
      STAMP_EVERY,
      async () => {
        const stamps = this.#routes.takeStamps();
        if (stamps.length > 0) tell({ kind: 'active', stamps });
      },
      (error) => log.error(messageOf(error)),
    );
  }

  /** @throws Error when a message cannot be obeyed, which ends the worker */
  async heard(message: Exclude<ToWorker, { readonly kind: 'setup' }>): Promise<void> {
    switch (message.kind) {
      case 'listen':
        await this.#plane.listen();
        this.#tell({ kind: 'listening', address: this.#plane.address });
        break;
      case 'changes':
        for (const change of message.changes) this.#apply(change);
        this.#tell({ kind: 'applied', upTo: message.upTo });
        break;
      case 'found':
        if (this.#routes instanceof AskedRoutes) this.#routes.answered(message);
        break;
      case 'report':
        this.#tell({
          kind: 'report',
          ask: message.ask,
          stamps: this.#routes.takeStamps(),
          metrics: message.metrics ? await this.#prometheus?.values() : undefined,
        });
        break;
      case 'tls':
        this.#setTls(message.tls);
        break;
      case 'drain':
        await this.#plane.drain();
        process.exit(0);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stamping[Symbol.dispose]();
    await this.#plane[Symbol.asyncDispose]();
  }

  get log(): ProxyLog {
    return this.#log;
  }

  #apply(change: Change): void {
    if (!(this.#routes instanceof ReplicaRoutes)) return;
    if (change.kind === 'set') this.#routes.set(routeOf(change.route));
    else this.#routes.remove(change.path);
  }

  #setTls(tls: NewTls): void {
    if (tls.side === 'public') this.#plane.setPublicTls(tls.tls);
    else this.#plane.setUpstreamTls(tls.settings);
  }
}
