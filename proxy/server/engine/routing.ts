/** From a request to its route and to what the target is asked; or to the status that says why there is none. */
import type { IncomingMessage } from 'node:http';
import type { ForwardOptions } from '../options.js';
import type { Route } from '../routes/route.js';
import type { RouteLookup } from '../routes/table.js';
import type { Upstream } from '../routes/upstream.js';
import { cutPrefix, joinTarget, parseTarget } from './request-target.js';

export interface Routed {
  readonly kind: 'routed';
  readonly route: Route;
  readonly upstream: Upstream;
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

/** Never rejects: a store that fails is a 500, a target that is none the caller's 400. */
export async function routeRequest(
  request: IncomingMessage,
  routes: RouteLookup,
  options: Pick<ForwardOptions, 'includePrefix' | 'prependPath'>,
  hostRouting: boolean,
): Promise<Routed | Unrouted> {
  const url = request.url ?? '/';
  const target = parseTarget(url);
  if (target.kind === 'undecodable') return unrouted(400, 'malformed percent-encoding');
  if (target.kind === 'invalid') return unrouted(400, 'malformed request target');
  try {
    const found = routes.lookup(request.headers.host, target.decoded);
    const route = found instanceof Promise ? await found : found;
    if (!route) return unrouted(404, 'no route');
    const { upstream } = route;
    const own = options.includePrefix ? target.path : cutPrefix(target.path, prefixOf(route, hostRouting));
    return {
      kind: 'routed',
      route,
      upstream,
      path: options.prependPath
        ? joinTarget(upstream.pathname, upstream.query, own, target.search)
        : `${own}${target.search}`,
      shown: options.includePrefix ? url : `${own}${target.search}`,
    };
  } catch (error) {
    return {
      kind: 'unrouted',
      status: 500,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}

/** A route's prefix in request paths: its own path, less its host. */
function prefixOf(route: Route, hostRouting: boolean): string {
  if (!hostRouting || route.path === '/') return route.path;
  const slash = route.path.indexOf('/', 1);
  return slash < 0 ? '/' : route.path.slice(slash);
}

function unrouted(status: number, reason: string): Unrouted {
  return { kind: 'unrouted', status, error: new Error(reason) };
}
