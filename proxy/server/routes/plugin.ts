/**
 * Adapts a storage back end written for configurable-http-proxy 5.3.0: a CommonJS module exporting
 * a class with get, getTarget, getAll, add, update, remove, cleanPath. What it answers is not trusted to be well
 * formed.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { isJsonObject, type JsonObject } from '../../../core/model/json.js';
import { Route } from './route.js';
import { cleanPath, type RouteStore } from './store.js';

interface Backend {
  get(path: string): unknown;
  getTarget(path: string): unknown;
  getAll(): unknown;
  add(path: string, data: object): unknown;
  update(path: string, data: object): unknown;
  remove(path: string): unknown;
}

const METHODS = ['get', 'getTarget', 'getAll', 'add', 'update', 'remove'] as const;

/** @throws Error `Cannot find module ...`, or one naming what the module lacks */
export function loadBackend(
  name: string,
  options: Readonly<Record<string, unknown>>,
  log: Log,
): PluginRoutes {
  const exported: unknown = requireFrom(name);
  const BackendClass =
    typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported;
  if (typeof BackendClass !== 'function') throw new Error(`storage backend ${name} exports no class`);
  const instance: unknown = Reflect.construct(BackendClass, [{ ...options, log }]);
  for (const method of METHODS) {
    if (typeof Reflect.get(Object(instance), method) !== 'function') {
      throw new Error(`storage backend ${name} has no method ${method}`);
    }
  }
  return new PluginRoutes(instance as Backend, log);
}

/** From the working directory first (where an operator installs it), then from our own dependencies. */
function requireFrom(name: string): unknown {
  const local = createRequire(join(process.cwd(), 'noop.js'));
  try {
    local.resolve(name);
  } catch {
    return createRequire(import.meta.url)(name);
  }
  return local(name);
}

export class PluginRoutes implements RouteStore {
  readonly #backend: Backend;
  readonly #log: Log;
  /** Paths whose stamp is on its way: a busy WebSocket must not queue one update a chunk. */
  readonly #stamping = new Set<string>();

  constructor(backend: Backend, log: Log) {
    this.#backend = backend;
    this.#log = log;
  }

  async find(path: string): Promise<Route | undefined> {
    const found: unknown = await this.#backend.getTarget(path);
    if (typeof found !== 'object' || found === null || !('data' in found)) return undefined;
    const prefix = 'prefix' in found && typeof found.prefix === 'string' ? found.prefix : '/';
    return toRoute(cleanPath(prefix), found.data);
  }

  async get(path: string): Promise<Route | undefined> {
    return toRoute(path, await this.#backend.get(path));
  }

  async all(): Promise<Iterable<Route>> {
    const listed: unknown = await this.#backend.getAll();
    if (typeof listed !== 'object' || listed === null) return [];
    return Object.entries(listed).flatMap(([path, data]) => toRoute(cleanPath(path), data) ?? []);
  }

  async set(route: Route): Promise<void> {
    await this.#backend.add(route.path, { ...route.data, last_activity: new Date(route.lastActivity) });
  }

  async remove(path: string): Promise<void> {
    await this.#backend.remove(path);
  }

  touch(route: Route, now: number): void {
    if (this.#stamping.has(route.path)) return;
    this.#stamping.add(route.path);
    this.#stamp(route.path, now)
      .catch((error: unknown) => {
        this.#log.warn(`last_activity of ${route.path} was not stored: ${messageOf(error)}`);
      })
      .finally(() => this.#stamping.delete(route.path));
  }

  async #stamp(path: string, now: number): Promise<void> {
    // A route removed meanwhile must not come back as one without a target.
    if ((await this.#backend.get(path)) === undefined) return;
    await this.#backend.update(path, { last_activity: new Date(now) });
  }
}

function toRoute(path: string, data: unknown): Route | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { last_activity: stamp, ...rest } = data as Record<string, unknown>;
  if (!isJsonObject(rest) || typeof rest['target'] !== 'string') return undefined;
  const time = new Date(
    stamp instanceof Date || typeof stamp === 'string' || typeof stamp === 'number' ? stamp : 0,
  );
  return new Route(
    path,
    rest['target'],
    rest as JsonObject,
    Number.isNaN(time.getTime()) ? 0 : time.getTime(),
  );
}
