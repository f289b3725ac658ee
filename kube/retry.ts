import type { Clock } from '../core/clock.js';
import { KubeError } from './error.js';

const FIRST_MS = 200;
const MOST_MS = 5_000;
/** A server that asks for more patience than this is not waited for. */
const MOST_RETRY_AFTER_MS = 60_000;

/** Milliseconds before try `attempt` (1 = the second): doubling, with jitter over its upper half. */
export function backOff(attempt: number, random: () => number = Math.random, most: number = MOST_MS): number {
  const full = Math.min(most, FIRST_MS * 2 ** Math.min(attempt - 1, 20));
  return full / 2 + (full / 2) * random();
}

export interface RetryRules {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of one try. */
  readonly timeoutMs: number;
  /** Milliseconds of all tries; 0: one try. */
  readonly retryForMs: number;
  /** Whether what failed like this may be sent again. */
  readonly again: (error: KubeError) => boolean;
}

/**
 * Tries until it succeeds, may not be tried again, or the time is over; then throws the last error. A `Retry-After`
 * that ends after the time is over is not waited for.
 * @param once makes one try within the given milliseconds
 */
export async function retry<T>(rules: RetryRules, once: (timeoutMs: number) => Promise<T>): Promise<T> {
  const end = rules.clock.monotonic() + rules.retryForMs;
  for (let attempt = 1; ; attempt += 1) {
    const left = end - rules.clock.monotonic();
    const limit = rules.retryForMs === 0 ? rules.timeoutMs : Math.min(rules.timeoutMs, Math.max(1, left));
    try {
      return await once(limit);
    } catch (error) {
      if (!(error instanceof KubeError) || !error.transient || !rules.again(error)) throw error;
      const asked = (error.retryAfterSeconds ?? 0) * 1_000;
      const pause = Math.max(backOff(attempt), asked);
      const over = rules.clock.monotonic() + pause >= end;
      if (rules.retryForMs === 0 || over || asked > MOST_RETRY_AFTER_MS) throw error;
      await rules.clock.sleep(pause, rules.signal);
    }
  }
}
