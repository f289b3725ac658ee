/**
 * The route table: what the REST API changes and what engines ask. Owns path cleaning, host routing and activity;
 * where the routes lie is the store's business.
 */
import type { Log } from '../../../core/log.js';
import type { JsonObject } from '../../../core/model/json.js';
import type { Metrics } from '../metrics.js';
import { Route } from './route.js';
import { cleanPath, type MaybePromise, type RouteChange, type RouteStore } from './store.js';

/** The part of the table that an engine needs (in a worker: a replica of it). */
export interface RouteLookup {
  /** Lookups are answered without a promise, but for a route that must be looked at first. */
  readonly atOnce: boolean;
  /**
   * @param host the Host header as received, for host routing
   * @param path decoded, with leading slash
   */
  lookup(host: string | undefined, path: string): MaybePromise<Route | undefined>;
  touch(route: Route): void;
}

/** Who must know of a change before the API answers for it. */
export interface TableObserver {
  /** Called in the order of the changes. */
  changed(change: RouteChange): MaybePromise<void>;
  /** Brings what it knows of activity, before routes are shown. */
  refresh?(): Promise<void>;
}

export interface TableOptions {
  readonly hostRouting: boolean;
  readonly observers?: readonly TableObserver[];
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now?: () => number;
}

export class RouteTable implements RouteLookup {
  readonly #store: RouteStore;
  readonly #hostRouting: boolean;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #observers: readonly TableObserver[];

  constructor(store: RouteStore, options: TableOptions) {
    this.#store = store;
    this.#hostRouting = options.hostRouting;
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#now = options.now ?? Date.now;
    this.#observers = options.observers ?? [];
  }

  async add(rawPath: string, target: string, posted: JsonObject): Promise<void> {
    const path = cleanPath(rawPath);
    this.#log.info(`Adding route ${path} -> ${target}`);
    const { last_activity: _own, ...rest } = posted;
    const host = this.#hostRouting && path !== '/' ? { host: path.split('/', 2)[1] } : {};
    const data = { ...rest, target, ...host };
    const route = new Route(path, target, data, this.#now());
    const stored = this.#store.set(route);
    if (stored instanceof Promise) await stored;
    await this.announce({ kind: 'set', route });
    this.#log.info(`Route added ${path} -> ${target}`);
  }

  /** @returns whether there was one */
  async remove(rawPath: string): Promise<boolean> {
    const path = cleanPath(rawPath);
    const found = this.#store.get(path);
    if ((found instanceof Promise ? await found : found) === undefined) return false;
    this.#log.info(`Removing route ${path}`);
    const removed = this.#store.remove(path);
    if (removed instanceof Promise) await removed;
    await this.announce({ kind: 'remove', path });
    return true;
  }

  /** Of a change that was made in the store; resolves when every observer has it. */
  async announce(change: RouteChange): Promise<void> {
    // All of them are called before the first is waited for, so that each sees changes in their order.
    await Promise.all(this.#observers.map((observer) => observer.changed(change)));
  }

  async get(rawPath: string): Promise<Route | undefined> {
    await this.#refresh();
    return this.#store.get(cleanPath(rawPath));
  }

  /** @param inactiveSince ms since the epoch: only routes whose activity is earlier */
  async list(inactiveSince?: number): Promise<readonly Route[]> {
    await this.#refresh();
    const routes = [...(await this.#store.all())];
    return inactiveSince === undefined
      ? routes
      : routes.filter((route) => route.lastActivity < inactiveSince);
  }

  get atOnce(): boolean {
    return this.#store.snapshot !== undefined;
  }

  lookup(host: string | undefined, path: string): MaybePromise<Route | undefined> {
    const stop = this.#metrics.timeLookup();
    const found = this.#store.find(this.#hostRouting ? `/${hostName(host)}${path}` : path);
    if (!(found instanceof Promise)) {
      stop();
      return found;
    }
    return found.finally(stop);
  }

  touch(route: Route): void {
    const stop = this.#metrics.timeActivity();
    this.#store.touch(route, this.#now());
    stop();
  }

  /** What somebody else saw, e.g. a worker. The later of two moments counts. */
  async merge(stamps: Iterable<readonly [path: string, at: number]>): Promise<void> {
    for (const [path, at] of stamps) {
      const found = this.#store.get(path);
      const route = found instanceof Promise ? await found : found;
      if (route && at > route.lastActivity) this.#store.touch(route, at);
    }
  }

  async #refresh(): Promise<void> {
    for (const observer of this.#observers) await observer.refresh?.();
  }
}

/** The name in a Host header: without port; IPv6 literals keep their brackets. Case is kept, as CHP does. */
function hostName(host: string | undefined): string {
  if (host === undefined) return '';
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return end <= 0 ? host : host.slice(0, end);
}
