import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { RevocationPage } from '../../core/hub-client/index.js';
import type { Log } from '../../core/log.js';

export interface RevocationFollowerOptions {
  /** One long request; `null` when the hub offers none. */
  readonly wait: (cursor: string | undefined, signal: AbortSignal) => Promise<RevocationPage | null>;
  readonly onPage: (page: RevocationPage) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY_START_MS = 250;
/** With the hub away: soon enough after its return. */
const RETRY_CAP_MS = 5_000;
/** A hub that answers at once with nothing must not be asked in a circle. */
const MIN_TURN_MS = 100;

/** Follows the hub's list of revocations, one long request at a time, from where it left off. */
export class RevocationFollower implements Disposable {
  readonly #options: RevocationFollowerOptions;
  readonly #stop = new AbortController();
  #cursor: string | undefined;

  constructor(options: RevocationFollowerOptions) {
    this.#options = options;
  }

  /** Resolves when the hub offers no list, or after disposal. */
  async run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    let pause = RETRY_START_MS;
    while (!signal.aborted) {
      const began = clock.monotonic();
      try {
        const page = await this.#options.wait(this.#cursor, signal);
        if (page === null) {
          log.debug('this hub announces no revocations; tokens are checked every minute');
          return;
        }
        // A smaller number than ours is of another database: what happened in between is unknown.
        const reset = page.reset || Number(page.cursor) < Number(this.#cursor);
        this.#cursor = page.cursor;
        this.#options.onPage({ ...page, reset });
        pause = RETRY_START_MS;
        if (page.revoked.length === 0)
          await this.#rest(Math.max(0, MIN_TURN_MS - (clock.monotonic() - began)));
      } catch (error) {
        if (signal.aborted) return;
        log.debug('revocations not heard', {
          error: error instanceof Fault ? error.detail : messageOf(error),
        });
        await this.#rest(pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, RETRY_CAP_MS);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #rest(ms: number): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }
}
