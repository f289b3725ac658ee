import type { Provisioned } from '../lifecycle.js';
import type { JsonObject } from '../model/json.js';
import type { RouteSpec } from '../model/names.js';

/** One row of the proxy's table as the hub sees it; `data` without `target`, `jupyterhub` and `last_activity`. */
export interface ProxyRoute {
  /** URL of the server, e.g. `http://127.0.0.1:41231`. */
  readonly target: string;
  readonly data: JsonObject;
  /** Milliseconds since the epoch; absent when the proxy does not say. */
  readonly lastActivity?: number;
}

/**
 * What the hub asks of a proxy. All calls are idempotent; reconciling the table is the hub's business.
 * `provision()` starts, adopts or reaches the proxy and rejects with a Fault that names what is wrong.
 */
export interface ProxyClient extends Provisioned {
  /** Whether `provision()` started a proxy that was not there before: a hub whose start fails takes it down again. */
  readonly startedHere: boolean;
  addRoute(spec: RouteSpec, target: string, data: JsonObject): Promise<void>;
  /** A route that is not there counts as deleted. */
  deleteRoute(spec: RouteSpec): Promise<void>;
  /** Only the routes marked as JupyterHub's. */
  getAllRoutes(): Promise<ReadonlyMap<RouteSpec, ProxyRoute>>;
  /** Calls `listener` whenever the proxy came up with an empty or unknown table, so that routes are restored. */
  onRestart(listener: () => void): Disposable;
  /** `PATCH /hub/api/proxy`: where and with which token the proxy is reached from now on; in memory only. */
  reconfigure(options: { readonly apiUrl?: string; readonly authToken?: string }): void;
  /** Stops the proxy where the hub started it (`cleanup_proxy`). Disposal alone leaves it running. */
  stop(): Promise<void>;
}
