import type { Clock } from '../../core/clock.js';
import type { Fault } from '../../core/fault.js';

/** Ends a wait that nobody needs any more. Given, since a signal aborted without a reason makes an error with a stack. */
const OVER = 'no longer waited for';

/**
 * Runs `work` until it ends, `ms` have passed or `outer` is aborted. The work's own signal is aborted then, and the
 * promise rejects after `graceMs` at the latest: work that cleans up after itself is waited for, work that does not
 * listen cannot hold anybody up.
 * @param late the fault of a deadline that has passed
 */
export async function bounded<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  late: () => Fault,
  work: (signal: AbortSignal) => Promise<T>,
  graceMs = 0,
): Promise<T> {
  outer.throwIfAborted();
  const timer = new AbortController();
  const deadline = new AbortController();
  const signal = AbortSignal.any([outer, deadline.signal]);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  clock.sleep(ms, timer.signal).then(
    () => deadline.abort(late()),
    () => undefined, // the work ended first
  );
  try {
    const working = work(signal);
    try {
      return await Promise.race([working, aborted]);
    } catch (error) {
      if (signal.aborted) await within(settled(working), graceMs, clock);
      throw error;
    }
  } finally {
    timer.abort(OVER);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined, // its failure was told, or comes from the abort itself
  );
}

/** Node's timers take no more; longer than that is for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves with the promise, or after `ms` with `undefined`; for callers that wait a little and come back later. */
export async function within(promise: Promise<void>, ms: number, clock: Clock): Promise<void> {
  if (ms <= 0) return;
  if (ms > MAX_TIMER_MS) return promise;
  const timer = new AbortController();
  const pause = clock.sleep(ms, timer.signal).catch(() => undefined);
  await Promise.race([promise, pause]);
  timer.abort(OVER);
}
