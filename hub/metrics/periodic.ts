import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { type Timestamp, timestamp } from '../../core/model/time.js';
import { type Metrics, PERIODS, type Period } from './metrics.js';

const DAY_MS = 86_400_000;

/** `c.PeriodicMetricsCollector`, resolved. */
interface PeriodicSettings {
  readonly active_users_enabled: boolean;
  /** Seconds. */
  readonly active_users_update_interval: number;
  readonly event_loop_interval_enabled: boolean;
  /** Seconds. */
  readonly event_loop_interval_resolution: number;
  /** Seconds. */
  readonly event_loop_interval_log_threshold: number;
}

export interface PeriodicDeps {
  readonly metrics: Pick<Metrics, 'activeUsers' | 'eventLoopInterval'>;
  readonly settings: PeriodicSettings;
  /** Writes activity that is not in the database yet. */
  flushActivity(): Promise<void>;
  countActiveSince(time: Timestamp): Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Measures by the clock what no single request shows (JupyterHub 6.1.1 metrics.py `PeriodicMetricsCollector`). */
export class PeriodicCollector implements Disposable {
  readonly #deps: PeriodicDeps;
  readonly #ending = new AbortController();
  #counting: Disposable | undefined;

  constructor(deps: PeriodicDeps) {
    this.#deps = deps;
  }

  /** Counts once, then begins. */
  async begin(): Promise<void> {
    const { settings, log } = this.#deps;
    if (settings.event_loop_interval_enabled) {
      this.#measureLoop(settings.event_loop_interval_resolution * 1000).catch((error: unknown) => {
        if (!this.#ending.signal.aborted) {
          log.error('the event loop is no longer measured', { error: messageOf(error) });
        }
      });
    }
    if (!settings.active_users_enabled) return;
    await this.#countUsers();
    this.#counting = every(
      settings.active_users_update_interval * 1000,
      () => this.#countUsers(),
      (error) => log.error('active users could not be counted', { error: messageOf(error) }),
    );
  }

  async #countUsers(): Promise<void> {
    const { metrics, clock } = this.#deps;
    await this.#deps.flushActivity();
    // one instant for all, so that a longer period never counts fewer
    const now = clock.now();
    for (const [period, days] of Object.entries(PERIODS) as [Period, number][]) {
      metrics.activeUsers(period, await this.#deps.countActiveSince(timestamp(now - days * DAY_MS)));
    }
  }

  /**
   * A pause that took twice its time was blocked for the difference; less is below what can be seen.
   * @param resolution milliseconds
   */
  async #measureLoop(resolution: number): Promise<void> {
    const { metrics, clock, settings, log } = this.#deps;
    const { signal } = this.#ending;
    const pause = Math.max(1, resolution);
    for (let last = clock.monotonic(); !signal.aborted; ) {
      await delay(pause, undefined, { signal, ref: false });
      const now = clock.monotonic();
      const took = now - last;
      last = now;
      const interval = (took < 2 * pause ? pause : took - pause) / 1000;
      if (took >= 2 * pause && interval >= settings.event_loop_interval_log_threshold) {
        log.warn('the event loop was blocked', { seconds: Math.round(interval * 100) / 100 });
      }
      metrics.eventLoopInterval.observe(interval);
    }
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    this.#counting?.[Symbol.dispose]();
  }
}
