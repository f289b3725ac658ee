import type { ServerAddress } from '../../core/plugin/spawner.js';
import type { ServerEntry } from './entry.js';
import { proveIdentity, waitUntilReady, watchForDeath } from './readiness.js';
import type { LifecycleDeps } from './types.js';

/** Waits for the first answer, watching for death meanwhile, and has the listener prove that it is the server. */
export async function confirmServer(
  deps: LifecycleDeps,
  entry: ServerEntry,
  address: ServerAddress,
  options: { readonly token: string | undefined; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { spawner } = entry;
  if (!spawner) throw new Error('confirmServer needs a started spawner');
  const done = new AbortController();
  const signal = AbortSignal.any([options.signal, done.signal]);
  const { clock, log } = deps;
  const probe = { address, baseUrl: entry.baseUrl, clock, log, signal, timeoutMs: options.timeoutMs };
  try {
    const answer = await Promise.race([waitUntilReady(probe), watchForDeath(spawner, clock, signal)]);
    entry.version = answer.version;
    await proveIdentity(probe, spawner, options.token);
  } finally {
    done.abort('the server was confirmed, or was not');
  }
}
