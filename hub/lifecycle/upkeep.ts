import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import { type ServerEntry, serverLabel } from './entry.js';
import { RouteKeeper } from './routes.js';
import type { LifecycleDeps } from './types.js';

const TIDY_MS = 5_000;
const MIN_INTERVAL_MS = 1_000;

/** What happens to running servers by the clock: routes are checked, activity is read, output is bounded. */
export class Upkeep implements Disposable {
  readonly #deps: LifecycleDeps;
  readonly #entries: ReadonlyMap<string, ServerEntry>;
  readonly #routes: RouteKeeper;
  readonly #timers: Disposable[] = [];

  constructor(deps: LifecycleDeps, entries: ReadonlyMap<string, ServerEntry>) {
    this.#deps = deps;
    this.#entries = entries;
    this.#routes = new RouteKeeper(deps, entries);
  }

  begin(): void {
    const { log, proxy, settings } = this.#deps;
    const failed = (what: string) => (error: unknown) => log.error(what, { error: messageOf(error) });
    const interval = Math.max(MIN_INTERVAL_MS, settings.lastActivityIntervalMs);
    this.#timers.push(
      every(TIDY_MS, () => this.#tidy(), failed('output of servers could not be bounded')),
      every(interval, () => this.reconcile(), failed('routes could not be checked')),
      proxy.onRestart(() => {
        this.reconcile().catch(failed('routes could not be restored'));
      }),
    );
  }

  async reconcile(): Promise<void> {
    const { clock, observe } = this.#deps;
    const began = clock.monotonic();
    await this.#routes.reconcile();
    observe?.({ kind: 'routes-checked', ms: clock.monotonic() - began });
  }

  async #tidy(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      try {
        await entry.spawner?.tidy?.();
      } catch (error) {
        this.#deps.log.warn('the output of a server could not be bounded', {
          server: serverLabel(entry),
          error: messageOf(error),
        });
      }
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
  }
}
