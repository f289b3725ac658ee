/** From a request to its route and to what the target is asked; or to the status that says why there is none. */
import type { IncomingMessage } from 'node:http';
import { CookieGuard } from '../guard/cookies.js';
import { cutPrefix, joinTarget, parseTarget, type RequestTarget } from '../message/request-target.js';
import type { ForwardOptions } from '../options.js';
import { RouteUnavailable } from '../routes/guarded.js';
import type { Route } from '../routes/route.js';
import type { MaybePromise } from '../routes/store.js';
import type { RouteLookup } from '../routes/table.js';
import type { Upstream } from '../routes/upstream.js';

/** Answered by the proxy itself, whatever the routes are (CHP 5.3.0). */
export const HEALTH = '/_chp_healthz';

export interface Routed {
  readonly kind: 'routed';
  readonly route: Route;
  readonly upstream: Upstream;
  /** Undefined for a route that may have all cookies. */
  readonly guard: CookieGuard | undefined;
  /** Path and query that the target is asked. */
  readonly path: string;
  /** Path and query as the error target is told them: as received, less a prefix that is cut. */
  readonly shown: string;
}

export interface Unrouted {
  readonly kind: 'unrouted';
  readonly status: number;
  readonly error: Error;
}

export type RoutingOptions = Pick<ForwardOptions, 'includePrefix' | 'prependPath' | 'guardCookies'>;

/** Never rejects: a store that fails is a 500, a route that must wait a 503, a target that is none the caller's 400. */
export async function routeRequest(
  request: IncomingMessage,
  routes: RouteLookup,
  options: RoutingOptions,
  hostRouting: boolean,
): Promise<Routed | Unrouted> {
  try {
    return await route(request.url ?? '/', request.headers.host, routes, options, hostRouting);
  } catch (error) {
    return failed(error);
  }
}

/** The same without a promise, for routes that are found at once. @returns undefined for one that must be looked at first */
export function routeAtOnce(
  url: string,
  host: string,
  routes: RouteLookup,
  options: RoutingOptions,
  hostRouting: boolean,
): Routed | Unrouted | undefined {
  try {
    const routed = route(url, host, routes, options, hostRouting);
    if (!(routed instanceof Promise)) return routed;
    // Somebody else will ask again, and hear of the failure.
    routed.catch(() => undefined);
    return undefined;
  } catch (error) {
    return failed(error);
  }
}

function route(
  url: string,
  host: string | undefined,
  routes: RouteLookup,
  options: RoutingOptions,
  hostRouting: boolean,
): MaybePromise<Routed | Unrouted> {
  const target = parseTarget(url);
  if (target.kind === 'undecodable') return unrouted(400, 'malformed percent-encoding');
  if (target.kind === 'invalid') return unrouted(400, 'malformed request target');
  const found = routes.lookup(host, target.decoded);
  return found instanceof Promise
    ? found.then((one) => routedTo(one, url, target, options, hostRouting))
    : routedTo(found, url, target, options, hostRouting);
}

/** @throws BadTarget */
function routedTo(
  route: Route | undefined,
  url: string,
  target: Extract<RequestTarget, { readonly kind: 'path' }>,
  options: RoutingOptions,
  hostRouting: boolean,
): Routed | Unrouted {
  if (!route) return unrouted(404, 'no route');
  const { upstream } = route;
  const own = options.includePrefix ? target.path : cutPrefix(target.path, prefixOf(route, hostRouting));
  return {
    kind: 'routed',
    route,
    upstream,
    guard: guardOf(route, options.guardCookies, hostRouting),
    path: options.prependPath
      ? joinTarget(upstream.pathname, upstream.query, own, target.search)
      : `${own || '/'}${target.search}`,
    shown: options.includePrefix ? url : `${own || '/'}${target.search}`,
  };
}

/** The hub says of its own route that it is (`hub`, as JupyterHub posts it). */
function guardOf(route: Route, hubPath: string | undefined, hostRouting: boolean): CookieGuard | undefined {
  return hubPath === undefined || route.data['hub'] === true
    ? undefined
    : new CookieGuard(hubPath, prefixOf(route, hostRouting));
}

/** A route's prefix in request paths: its own path, less its host. */
function prefixOf(route: Route, hostRouting: boolean): string {
  if (!hostRouting || route.path === '/') return route.path;
  const slash = route.path.indexOf('/', 1);
  return slash < 0 ? '/' : route.path.slice(slash);
}

function failed(error: unknown): Unrouted {
  return {
    kind: 'unrouted',
    status: error instanceof RouteUnavailable ? 503 : 500,
    error: error instanceof Error ? error : new Error(String(error)),
  };
}

function unrouted(status: number, reason: string): Unrouted {
  return { kind: 'unrouted', status, error: new Error(reason) };
}
