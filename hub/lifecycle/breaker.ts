import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';

export interface BreakerOptions {
  /** Milliseconds for which it refuses every start once it has opened. */
  readonly pauseMs: number;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Pick<Log, 'error' | 'warn' | 'info'>;
}

export interface BreakerState {
  /** `half-open`: one start is under way to see whether it works again. */
  readonly state: 'closed' | 'open' | 'half-open';
  /** Failures in a row. */
  readonly failures: number;
  /** ISO time since which starts are refused. */
  readonly since?: string;
}

interface Opened {
  readonly at: number;
  /** Monotonic milliseconds. */
  retryAt: number;
  probe: object | undefined;
}

/**
 * What `Spawner.consecutive_failure_limit` does here: JupyterHub 6.1.1 ends its process when so many starts in a row
 * have failed (handlers/base.py `_track_failure_count`), this refuses further ones for a while, then lets one try.
 * Counted as there: over all users, since the hub's start; a success and a cancelled start begin anew; refusals in
 * words (statuses below 500) do not count.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #opened: Opened | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  describe(): BreakerState {
    const opened = this.#opened;
    if (!opened) return { state: 'closed', failures: this.#failures };
    const state = opened.probe ? 'half-open' : 'open';
    return { state, failures: this.#failures, since: isoTime(opened.at) };
  }

  /** @throws Fault 503 while starts are refused */
  check(): void {
    const opened = this.#opened;
    if (!opened) return;
    const left = opened.retryAt - this.#options.clock.monotonic();
    if (!opened.probe && left <= 0) return;
    const seconds = Math.max(1, Math.ceil(left / 1000));
    throw new Fault(
      'SPAWN_BREAKER',
      'Servers cannot be started right now: the last ones all failed, and the administrators have to look why. ' +
        'Try again in a few minutes.',
      { status: 503, reason: 'breaker', headers: { 'Retry-After': String(seconds) } },
    );
  }

  /** A start begins; while open it is the one that tries. Call after `check` without awaiting in between. */
  begins(start: object): void {
    const opened = this.#opened;
    if (!opened || opened.probe) return;
    opened.probe = start;
    this.#options.log.warn('one start tries whether servers can be started again', {
      failures: this.#failures,
      since: isoTime(opened.at),
    });
  }

  succeeded(): void {
    const opened = this.#opened;
    this.#failures = 0;
    this.#opened = undefined;
    if (opened) {
      const seconds = Math.round((this.#options.clock.now() - opened.at) / 1000);
      this.#options.log.warn('servers can be started again', { since: isoTime(opened.at), seconds });
    }
  }

  /** @param limit `consecutive_failure_limit` of this start; 0: none */
  failed(start: object, limit: number): void {
    this.#failures++;
    const { log, clock, pauseMs } = this.#options;
    const failures = this.#failures;
    const opened = this.#opened;
    if (opened) {
      if (opened.probe !== start) return; // it began before
      opened.probe = undefined;
      opened.retryAt = clock.monotonic() + pauseMs;
      log.error('servers still cannot be started', { failures, since: isoTime(opened.at) });
      return;
    }
    if (limit > 0 && failures >= limit) {
      this.#opened = { at: clock.now(), retryAt: clock.monotonic() + pauseMs, probe: undefined };
      log.error('too many starts in a row have failed: starts are refused until one works', {
        failures,
        limit,
        since: isoTime(this.#opened.at),
        retrySeconds: pauseMs / 1000,
      });
    } else if (failures > 1) {
      log.warn('starts have failed in a row', { failures, ...(limit > 0 && { limit }) });
    }
  }

  /** It ended without saying whether servers can be started: cancelled, or refused in words. */
  undecided(start: object, cancelled: boolean): void {
    if (this.#opened) {
      if (this.#opened.probe === start) this.#opened.probe = undefined;
    } else if (cancelled) this.#failures = 0;
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
