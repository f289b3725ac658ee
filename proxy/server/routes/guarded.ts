/** The route table as engines ask it, with a check of routes that were read from a file and not yet told again. */
import { isSameOwner, placeOf } from './listener-owner.js';
import type { Route } from './route.js';
import type { MaybePromise } from './store.js';
import type { RouteLookup } from './table.js';
import { BadTarget } from './upstream.js';

/** There is a route, and it must not be served for now: a 503. */
export class RouteUnavailable extends Error {
  override readonly name = 'RouteUnavailable';
  /** Foreseen: told in the log without a stack. */
  readonly code = 'ROUTE_UNAVAILABLE';
}

export class GuardedRoutes implements RouteLookup {
  readonly #routes: RouteLookup;

  constructor(routes: RouteLookup) {
    this.#routes = routes;
  }

  get atOnce(): boolean {
    return this.#routes.atOnce;
  }

  /** Rejects with RouteUnavailable. */
  lookup(host: string | undefined, path: string): MaybePromise<Route | undefined> {
    const found = this.#routes.lookup(host, path);
    if (found instanceof Promise) return found.then((route) => (route?.restored ? check(route) : route));
    return found?.restored ? check(found) : found;
  }

  touch(route: Route): void {
    this.#routes.touch(route);
  }
}

async function check(route: Route): Promise<Route> {
  if (await mayServe(route)) return route;
  throw new RouteUnavailable(
    `the route ${route.path} is from before this proxy started, and who listens at ${route.target} is not known to be who did then: the hub must name it again`,
  );
}

async function mayServe(route: Route): Promise<boolean> {
  try {
    const place = placeOf(route.upstream);
    if (place.kind === 'elsewhere') return true;
    const owner = route.restored?.owner;
    return owner !== undefined && (await isSameOwner(place, owner));
  } catch (error) {
    // It fails where it is used, as it does when it was told.
    if (error instanceof BadTarget) return true;
    throw error;
  }
}
