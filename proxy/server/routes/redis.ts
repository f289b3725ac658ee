/**
 * Our own shared storage back end: routes in Redis (6.2 or newer), a copy in memory for requests. Several proxies may share
 * one: each hears of the others' changes. Keys: `<prefix>routes`, a hash from path to what was posted;
 * `<prefix>activity`, a sorted set from path to ms since the epoch.
 */
import { messageOf } from '../../../core/fault.js';
import { every } from '../../../core/lifecycle.js';
import type { Log } from '../../../core/log.js';
import { isJsonObject } from '../../../core/model/json.js';
import type { RedisOptions } from '../own-options.js';
import { MemoryRoutes } from './memory.js';
import { RedisLink } from './redis-link.js';
import { Route } from './route.js';
import type { Storage } from './storage.js';
import type { RouteChange, RouteStore } from './store.js';
import type { TableObserver } from './table.js';

/** ms between two messages about activity. */
const STAMP_EVERY = 1000;

/** @throws Error when the server cannot be reached */
export async function openRedis(options: RedisOptions, log: Log): Promise<Storage> {
  const routes = new RedisRoutes(options, log);
  await routes.connect();
  return {
    store: routes,
    observer: routes,
    follow: (announce) => routes.follow(announce),
    flush: () => undefined,
    [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose](),
  };
}

class RedisRoutes implements RouteStore, TableObserver, AsyncDisposable {
  readonly #memory = new MemoryRoutes();
  readonly #log: Log;
  readonly #routesKey: string;
  readonly #activityKey: string;
  readonly #channel: string;
  readonly #link: RedisLink;
  /** By path, what has to be written. */
  readonly #stamps = new Map<string, number>();
  #stamping: Disposable | undefined;
  #announce: (change: RouteChange) => Promise<void> = async () => undefined;

  constructor({ url, prefix }: RedisOptions, log: Log) {
    this.#log = log;
    this.#routesKey = `${prefix}routes`;
    this.#activityKey = `${prefix}activity`;
    this.#channel = `${prefix}changes`;
    this.#link = new RedisLink({
      url,
      channel: this.#channel,
      log,
      heard: (path) => this.#heard(path),
      back: () => this.#readAll(),
    });
  }

  async connect(): Promise<void> {
    try {
      await this.#link.connect();
      await this.#readAll();
    } catch (error) {
      await this.#link[Symbol.asyncDispose]();
      throw error;
    }
    this.#stamping = every(
      STAMP_EVERY,
      () => this.#writeStamps(),
      // Told by the link; the stamps are kept.
      (error) => this.#log.debug(messageOf(error)),
    );
  }

  follow(announce: (change: RouteChange) => Promise<void>): void {
    this.#announce = announce;
  }

  find(path: string): Route | undefined {
    return this.#memory.find(path);
  }

  get(path: string): Route | undefined {
    return this.#memory.get(path);
  }

  all(): Iterable<Route> {
    return this.#memory.all();
  }

  snapshot(): Iterable<Route> {
    return this.#memory.snapshot();
  }

  touch(route: Route, now: number): void {
    this.#memory.touch(route, now);
    this.#stamps.set(route.path, now);
  }

  async set(route: Route): Promise<void> {
    const score = { value: route.path, score: route.lastActivity };
    await this.#link.run((client) =>
      client
        .multi()
        .hSet(this.#routesKey, route.path, JSON.stringify(route.data))
        .zAdd(this.#activityKey, score)
        .publish(this.#channel, route.path)
        .exec(),
    );
    this.#memory.set(route);
  }

  async remove(path: string): Promise<void> {
    await this.#link.run((client) =>
      client
        .multi()
        .hDel(this.#routesKey, path)
        .zRem(this.#activityKey, path)
        .publish(this.#channel, path)
        .exec(),
    );
    this.#memory.remove(path);
  }

  // As an observer of the table.

  changed(): void {
    // It was made here first.
  }

  /** The latest of what all proxies saw. */
  async refresh(): Promise<void> {
    await this.#writeStamps();
    const seen = await this.#link.run((client) => client.zRangeWithScores(this.#activityKey, 0, -1));
    for (const { value, score } of seen) {
      const route = this.#memory.get(String(value));
      if (route && score > route.lastActivity) this.#memory.touch(route, score);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stamping?.[Symbol.dispose]();
    await this.#link[Symbol.asyncDispose]();
  }

  async #writeStamps(): Promise<void> {
    const stamps = [...this.#stamps].filter(([path]) => this.#memory.get(path));
    this.#stamps.clear();
    if (stamps.length === 0) return;
    try {
      await this.#link.run((client) =>
        client.zAdd(
          this.#activityKey,
          stamps.map(([value, score]) => ({ value, score })),
          // Only forward, and none for a route that another proxy has removed meanwhile.
          { condition: 'XX', comparison: 'GT' },
        ),
      );
    } catch (error) {
      for (const [path, at] of stamps) if (!this.#stamps.has(path)) this.#stamps.set(path, at);
      throw error;
    }
  }

  /** Some proxy, maybe this one, has changed that path: what holds is read, in turn with our own changes. */
  #heard(path: string): void {
    this.#link
      .run((client) => client.hGet(this.#routesKey, path))
      .then((text) => this.#apply([[path, text ?? undefined]]))
      // A lost server is told by the link, and everything is read when it is back.
      .catch((error: unknown) => this.#log.debug(messageOf(error)));
  }

  async #readAll(): Promise<void> {
    const listed = await this.#link.run((client) => client.hGetAll(this.#routesKey));
    const gone = [...this.#memory.all()].filter(({ path }) => !Object.hasOwn(listed, path));
    await this.#apply([
      ...gone.map(({ path }) => [path, undefined] as const),
      ...Object.entries(listed).map(([path, text]) => [path, String(text)] as const),
    ]);
  }

  /** All in one step, so that none of our own changes, which come later, is overtaken. */
  async #apply(entries: ReadonlyArray<readonly [path: string, text: string | undefined]>): Promise<void> {
    await Promise.all(
      entries.flatMap(([path, text]) => {
        const change = this.#changeTo(path, text);
        if (!change) return [];
        if (change.kind === 'set') this.#memory.set(change.route);
        else this.#memory.remove(path);
        return this.#announce(change);
      }),
    );
  }

  #changeTo(path: string, text: string | undefined): RouteChange | undefined {
    const known = this.#memory.get(path);
    if (text === undefined) return known ? { kind: 'remove', path } : undefined;
    if (known && JSON.stringify(known.data) === text) return undefined;
    const route = this.#parse(path, text);
    return route && { kind: 'set', route };
  }

  /** What stands there is not trusted to be well formed. */
  #parse(path: string, text: string): Route | undefined {
    try {
      const data: unknown = JSON.parse(text);
      if (isJsonObject(data) && typeof data['target'] === 'string' && path.startsWith('/')) {
        return new Route(path, data['target'], data, Date.now());
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.#log.warn(
      `Redis has something else than a route under ${this.#routesKey} ${path.slice(0, 200)}: left out`,
    );
    return undefined;
  }
}
