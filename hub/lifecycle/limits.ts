import { Fault } from '../../core/fault.js';
import type { LifecycleSettings } from './types.js';

/** @throws Fault 429 when as many servers are active as may be */
export function checkActive(
  { activeServerLimit }: Pick<LifecycleSettings, 'activeServerLimit'>,
  { active }: { readonly active: number },
): void {
  if (activeServerLimit <= 0 || active < activeServerLimit) return;
  throw new Fault('SPAWN_TOO_MANY', 'Active user limit exceeded. Try again in a few minutes.', {
    status: 429,
    reason: 'too-many-users',
  });
}

/** Too many servers are starting (JupyterHub 6.1.1 handlers/base.py `spawn_single_user`): when to try again. */
export function throttled(retryRange: LifecycleSettings['spawnThrottleRetryRange']): Fault {
  const seconds = between(retryRange);
  const words = `Too many users trying to log in right now. Try again in ${inWords(seconds)}.`;
  return new Fault('SPAWN_THROTTLED', words, {
    status: 429,
    reason: 'throttled',
    headers: { 'Retry-After': String(seconds) },
  });
}

/** Spreads the next attempts of those who are turned away. */
function between([low, high]: readonly [number, number]): number {
  return low + Math.floor(Math.random() * (Math.max(high, low) - low + 1));
}

/** Rounded up: tens of seconds, beyond a minute and a half minutes. */
function inWords(seconds: number): string {
  const tens = Math.ceil(seconds / 10) * 10;
  return tens <= 90 ? `${tens} seconds` : `${Math.round(seconds / 60)} minutes`;
}
