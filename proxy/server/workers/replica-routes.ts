import { MemoryRoutes } from '../routes/memory.js';
import type { Route } from '../routes/route.js';
import type { Stamp } from './protocol.js';

/** A worker's copy of the table, which remembers what was active since it was last asked. */
export class ReplicaRoutes extends MemoryRoutes {
  readonly #stamps = new Map<string, number>();

  constructor(routes: Iterable<Route>) {
    super();
    for (const route of routes) this.set(route);
  }

  override remove(path: string): void {
    this.#stamps.delete(path);
    super.remove(path);
  }

  override touch(route: Route, now: number): void {
    super.touch(route, now);
    this.#stamps.set(route.path, now);
  }

  takeStamps(): readonly Stamp[] {
    const stamps = [...this.#stamps];
    this.#stamps.clear();
    return stamps;
  }
}
