/** Opens what `--storage-backend` and `--routes-file` name. Owns nothing itself: whoever opens it disposes of it. */
import type { Log } from '../../../core/log.js';
import type { ProxyOptions } from '../options.js';
import { MemoryRoutes } from './memory.js';
import { loadBackend } from './plugin.js';
import { RoutesFile } from './routes-file.js';
import type { Storage } from './storage.js';
import type { RouteStore } from './store.js';

const nothing = (): void => undefined;

/** @throws Error when a module, a file or a server cannot be used */
export async function openStorage(options: ProxyOptions, log: Log): Promise<Storage> {
  const { storageBackend, own } = options;
  if (own.redis) {
    const { openRedis } = await import('./redis.js');
    return openRedis(own.redis, log);
  }
  if (storageBackend) return plain(loadBackend(storageBackend, options.raw, log));
  const store = new MemoryRoutes();
  return own.routesFile === undefined ? plain(store) : kept(store, own.routesFile, log);
}

function plain(store: RouteStore): Storage {
  return {
    store,
    observer: undefined,
    follow: nothing,
    flush: nothing,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function kept(store: MemoryRoutes, path: string, log: Log): Promise<Storage> {
  const file = new RoutesFile(path, store, log);
  for (const route of await file.load()) store.set(route);
  return {
    ...plain(store),
    observer: file,
    flush: () => file.flush(),
    [Symbol.asyncDispose]: async () => file.flush(),
  };
}
