/**
 * What a data plane is to the rest of the proxy. An engine makes the public listener and handles each connection,
 * given a lookup in the route table; everything else (table, REST API, error pages, metrics) it is handed.
 * A `net.Server` is the common ground: a raw front answers `connection` itself, a `node:http` one lets Node parse,
 * and a worker listens on a shared handle with a replica of the table behind the same `RouteLookup`.
 */
import type { Server } from 'node:net';
import type { Log } from '../../../core/log.js';
import type { AccessLog } from '../access/access-log.js';
import type { ErrorPages } from '../error-pages.js';
import type { Metrics } from '../metrics.js';
import type { ForwardOptions } from '../options.js';
import type { RouteLookup } from '../routes/table.js';
import type { ListenerTls, TlsSettings } from '../tls.js';

export interface EngineContext {
  readonly routes: RouteLookup;
  readonly errorPages: ErrorPages;
  readonly metrics: Metrics;
  /** Undefined: none is kept, and requests are given no id. */
  readonly access: AccessLog | undefined;
  readonly log: Log;
  readonly options: ForwardOptions;
  readonly hostRouting: boolean;
  /** What https targets are shown and checked against. */
  readonly upstreamTls: TlsSettings;
  readonly verifyTargets: boolean;
}

export interface Engine extends AsyncDisposable {
  /** Not listening yet. Closing it is the caller's; `Symbol.asyncDispose` ends what it carries. */
  createServer(tls: ListenerTls | undefined): Server;
}

export type CreateEngine = (context: EngineContext) => Engine;
