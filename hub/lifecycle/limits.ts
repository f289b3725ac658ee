import { Fault } from '../../core/fault.js';
import type { LifecycleSettings } from './types.js';

type Limits = Pick<
  LifecycleSettings,
  'concurrentSpawnLimit' | 'activeServerLimit' | 'spawnThrottleRetryRange'
>;

/**
 * Whether one more server may start now (JupyterHub 6.1.1 handlers/base.py `spawn_single_user`).
 * @throws Fault 429, with `Retry-After` where waiting helps soon
 */
export function checkLimits(
  limits: Limits,
  counts: { readonly spawning: number; readonly active: number },
): void {
  const { concurrentSpawnLimit, activeServerLimit, spawnThrottleRetryRange } = limits;
  if (concurrentSpawnLimit > 0 && counts.spawning >= concurrentSpawnLimit) {
    const seconds = between(spawnThrottleRetryRange);
    throw new Fault(
      'SPAWN_THROTTLED',
      `Too many users trying to log in right now. Try again in ${inWords(seconds)}.`,
      {
        status: 429,
        reason: 'throttled',
        headers: { 'Retry-After': String(seconds) },
      },
    );
  }
  if (activeServerLimit > 0 && counts.active >= activeServerLimit) {
    throw new Fault('SPAWN_TOO_MANY', 'Active user limit exceeded. Try again in a few minutes.', {
      status: 429,
      reason: 'too-many-users',
    });
  }
}

/** Spreads the next attempts of those who are turned away. */
function between([low, high]: readonly [number, number]): number {
  return low + Math.floor(Math.random() * (Math.max(high, low) - low + 1));
}

/** Rounded up: tens of seconds, beyond a minute and a half minutes. */
function inWords(seconds: number): string {
  const tens = Math.ceil(seconds / 10) * 10;
  return tens <= 90 ? `${tens} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
