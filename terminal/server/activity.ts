import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';

export interface ActivityOptions {
  /** Sends one report; throws when the hub did not take it. */
  readonly report: (at: Date) => Promise<void>;
  /** Milliseconds between reports; 0 sends none. */
  readonly intervalMs: number;
  readonly log: Log;
}

const RETRY_START_MS = 1_000;
const RETRY_CAP_MS = 15_000;
const RETRY_TOTAL_MS = 60_000;

/**
 * Tells the hub when the server was last used, for whoever stops idle ones. Used means typed into or opened as a
 * page: not pings, not polls, not a page that reconnects by itself, not output.
 */
export class ActivityReporter implements Disposable {
  readonly #options: ActivityOptions;
  #last = new Date();
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: ActivityOptions) {
    this.#options = options;
  }

  get last(): Date {
    return this.#last;
  }

  note(): void {
    this.#last = new Date();
  }

  /** First report at once: being started is a use. */
  start(): void {
    if (this.#options.intervalMs > 0) this.#turn().catch((error: unknown) => this.#failed(error));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  async #turn(): Promise<void> {
    if (this.#last.getTime() > this.#reported) await this.#reportWithRetries(this.#last);
    this.#wait(this.#options.intervalMs * (0.9 + 0.2 * Math.random()), () => this.#turn());
  }

  async #reportWithRetries(at: Date): Promise<void> {
    const started = performance.now();
    for (let pause = RETRY_START_MS; !this.#disposed; pause = Math.min(pause * 2, RETRY_CAP_MS)) {
      try {
        await this.#options.report(at);
        this.#reported = at.getTime();
        return;
      } catch (error) {
        if (performance.now() - started + pause > RETRY_TOTAL_MS) {
          this.#failed(error);
          return;
        }
      }
      await new Promise<void>((resolve) => this.#wait(pause, async () => resolve()));
    }
  }

  #failed(error: unknown): void {
    this.#options.log.warn('activity not reported', { error: messageOf(error) });
  }

  #wait(ms: number, task: () => Promise<void>): void {
    if (this.#disposed) return;
    this.#timer = setTimeout(() => {
      task().catch((error: unknown) => this.#failed(error));
    }, ms);
    this.#timer.unref();
  }
}
