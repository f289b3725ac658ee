/**
 * Where routes live. Paths are clean: decoded, with a leading slash, without a trailing one.
 * The memory store answers at once; a plug-in (CHP's `--storage-backend`) may take its time, hence `MaybePromise`:
 * the hot path pays no microtask for the common case.
 */
import type { Route } from './route.js';

export type MaybePromise<T> = T | Promise<T>;

/** The store cannot be reached: the API answers 503 with this message. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What happened to the table. */
export type RouteChange =
  | { readonly kind: 'set'; readonly route: Route }
  | { readonly kind: 'remove'; readonly path: string };

export interface RouteStore {
  /** Every route, at once; absent where only the store can say, and each lookup must ask it. */
  snapshot?(): Iterable<Route>;
  /** The route of the longest stored prefix. */
  find(path: string): MaybePromise<Route | undefined>;
  get(path: string): MaybePromise<Route | undefined>;
  all(): MaybePromise<Iterable<Route>>;
  set(route: Route): MaybePromise<void>;
  /** Harmless when there is none. */
  remove(path: string): MaybePromise<void>;
  /**
   * Stamps activity of the route's path, also when the route has been replaced since. Never throws: a lost stamp is
   * logged, not an error of the request.
   */
  touch(route: Route, now: number): void;
}

/**
 * One leading slash, no trailing one. (CHP drops one trailing slash and keeps the others in the listing while its
 * lookup ignores them, so that two listed routes may be one: here the key and the lookup are the same.)
 */
export function cleanPath(path: string): string {
  let start = 0;
  let end = path.length;
  while (start < end && path.charCodeAt(start) === 0x2f) start += 1;
  while (end > start && path.charCodeAt(end - 1) === 0x2f) end -= 1;
  return `/${path.slice(start, end)}`;
}
