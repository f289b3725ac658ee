/**
 * The public listener and the engine behind it, given a lookup in the route table: what a single process has, and
 * what each worker has. Owns both and the error pages; knows nothing of the REST API.
 */

import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Disposables } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { AccessLog } from './access/access-log.js';
import type { CreateEngine } from './engine/engine.js';
import { engineOf } from './engine/engines.js';
import { ErrorPages } from './error-pages.js';
import { addressOf, closeServer, drainServer, listenOn } from './listeners.js';
import { limitConnections } from './max-connections.js';
import type { Metrics } from './metrics.js';
import type { ProxyOptions } from './options.js';
import type { RouteLookup } from './routes/table.js';
import { type ListenerTls, serverTlsOptions, type TlsSettings } from './tls.js';

/** The options that concern requests; a worker is sent these, and no others. */
export type PlaneOptions = Omit<
  ProxyOptions,
  'api' | 'apiTls' | 'authToken' | 'defaultTarget' | 'raw' | 'redirect' | 'storageBackend' | 'tlsSources'
>;

export class DataPlane implements AsyncDisposable {
  readonly #options: PlaneOptions;
  readonly #log: Log;
  readonly #owned = new Disposables();
  readonly #server: Server;
  /** Read whenever a target is connected to: new certificates are written into it. */
  readonly #upstreamTls: { -readonly [name in keyof TlsSettings]: TlsSettings[name] };

  /** @throws BadTarget for an unusable error target */
  constructor(
    options: PlaneOptions,
    parts: { readonly routes: RouteLookup; readonly metrics: Metrics; readonly log: Log },
    createEngine: CreateEngine = engineOf(options.engine),
  ) {
    this.#options = options;
    this.#log = parts.log;
    this.#upstreamTls = { ...options.upstreamTls };
    const upstreamTls = this.#upstreamTls;
    const errorPages = new ErrorPages({ ...options, upstreamTls, log: parts.log });
    this.#owned.defer(() => errorPages[Symbol.dispose]());
    const engine = this.#owned.use(
      createEngine({
        routes: parts.routes,
        errorPages,
        metrics: parts.metrics,
        access: this.#openAccessLog(),
        log: parts.log,
        options: options.forward,
        hostRouting: options.hostRouting,
        upstreamTls,
        verifyTargets: options.verifyTargets,
      }),
    );
    this.#server = engine.createServer(options.tls);
    limitConnections(this.#server, options.own.maxConnections, parts.metrics, parts.log);
  }

  #openAccessLog(): AccessLog | undefined {
    const { accessLog } = this.#options;
    return accessLog && this.#owned.use(new AccessLog(accessLog, this.#log));
  }

  /** @throws Error `public listener: ...` */
  async listen(): Promise<void> {
    await listenOn(this.#server, this.#options.listen, 'public', this.#log);
    this.#owned.defer(() => closeServer(this.#server));
  }

  get address(): string {
    return addressOf(this.#server);
  }

  /** For connections from now on; open ones are left alone. */
  setPublicTls(tls: ListenerTls): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(serverTlsOptions(tls));
  }

  setUpstreamTls(settings: TlsSettings): void {
    for (const name of Object.keys(this.#upstreamTls)) Reflect.deleteProperty(this.#upstreamTls, name);
    Object.assign(this.#upstreamTls, settings);
  }

  /** Resolves when the last connection has ended. */
  drain(): Promise<void> {
    return drainServer(this.#server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }
}
