import type { Route } from './route.js';
import type { RouteStore } from './store.js';
import { PathTrie } from './trie.js';

/** The default store: a map for the API, a trie for requests. */
export class MemoryRoutes implements RouteStore {
  readonly #routes = new Map<string, Route>();
  readonly #trie = new PathTrie<Route>();

  find(path: string): Route | undefined {
    return this.#trie.find(path);
  }

  get(path: string): Route | undefined {
    return this.#routes.get(path);
  }

  all(): Iterable<Route> {
    return this.#routes.values();
  }

  snapshot(): Iterable<Route> {
    return this.#routes.values();
  }

  set(route: Route): void {
    this.#routes.set(route.path, route);
    this.#trie.set(route.path, route);
  }

  remove(path: string): void {
    if (this.#routes.delete(path)) this.#trie.delete(path);
  }

  touch(route: Route, now: number): void {
    route.lastActivity = now;
    // Told anew since then: whoever holds on to the former one, as a WebSocket does, is at work on this path all the same.
    const current = this.#routes.get(route.path);
    if (current) current.lastActivity = now;
  }
}
