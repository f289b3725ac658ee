/**
 * Route specs and the paths of the REST API (jupyterhub.proxy 6.1.1): a spec is escaped and ends with a slash; the
 * proxy is sent it without that slash, decodes it, and lists it decoded.
 */
import { pyQuote, type RouteSpec, routeSpec } from '../../core/model/names.js';

/** Path below `/api/routes`, escaped: `/` for the root. */
export function pathOfSpec(spec: RouteSpec, hostRouting: boolean): string {
  const rooted = hostRouting && !spec.startsWith('/') ? `/${spec}` : spec;
  return rooted.length > 1 && rooted.endsWith('/') ? rooted.slice(0, -1) : rooted;
}

export function specOfPath(path: string, hostRouting: boolean): RouteSpec {
  const escaped = pyQuote(path, '@/~');
  // The root of all hosts stays `/`.
  return routeSpec(hostRouting && escaped.length > 1 ? escaped.replace(/^\/+/, '') : escaped);
}
