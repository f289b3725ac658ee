/**
 * The table as a worker sees it when only the primary's storage back end knows the routes: every lookup asks. What
 * others change in that back end is seen at once, as it is by a single process.
 */
import { type Route, routeOf } from '../routes/route.js';
import type { RouteStore } from '../routes/store.js';
import type { FromWorker, Stamp, ToWorker } from './protocol.js';

/** ms that a storage back end may take. */
const ANSWER_WITHIN = 30_000;

type Found = Extract<ToWorker, { readonly kind: 'found' }>;

export class AskedRoutes implements RouteStore {
  readonly #tell: (message: FromWorker) => void;
  readonly #asked = new Map<number, (found: Found) => void>();
  readonly #stamps = new Map<string, number>();
  #asks = 0;

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  async find(path: string): Promise<Route | undefined> {
    this.#asks += 1;
    const ask = this.#asks;
    const { route, error } = await new Promise<Found>((resolve) => {
      const settle = (found: Found): void => {
        clearTimeout(timer);
        this.#asked.delete(ask);
        resolve(found);
      };
      const late: Found = { kind: 'found', ask, error: 'the storage back end does not answer' };
      const timer = setTimeout(settle, ANSWER_WITHIN, late);
      this.#asked.set(ask, settle);
      this.#tell({ kind: 'find', ask, path });
    });
    if (error !== undefined) throw new Error(error);
    return route && routeOf(route);
  }

  answered(found: Found): void {
    this.#asked.get(found.ask)?.(found);
  }

  touch(route: Route, now: number): void {
    this.#stamps.set(route.path, now);
  }

  takeStamps(): readonly Stamp[] {
    const stamps = [...this.#stamps];
    this.#stamps.clear();
    return stamps;
  }

  // The API is the primary's alone.

  get(): never {
    throw new Error('a worker only looks routes up');
  }

  all(): never {
    return this.get();
  }

  set(): never {
    return this.get();
  }

  remove(): never {
    return this.get();
  }
}
