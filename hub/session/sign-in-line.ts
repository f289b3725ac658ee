/** Sign-ins one behind another: those of a name at an address, and those of an address. */
import type { SignInWaiter } from './sign-in-waiters.js';

/** Attempts under way, and those behind them. */
export interface Line {
  active: number;
  readonly queue: Queued[];
}

interface Queued {
  readonly waiter: SignInWaiter;
  wake(): void;
  /** There is no room any more. */
  turnAway(): void;
}

/** @returns whether it may try now; else it was turned away */
export function enqueue(line: Line, waiter: SignInWaiter): Promise<boolean> {
  const { signal } = waiter;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      signal.removeEventListener('abort', onAbort);
      const at = line.queue.indexOf(queued);
      if (at >= 0) line.queue.splice(at, 1);
    };
    const settle = (mayTry: boolean): void => {
      leave();
      resolve(mayTry);
    };
    const onAbort = (): void => {
      leave();
      reject(signal.reason);
    };
    const queued: Queued = { waiter, wake: () => settle(true), turnAway: () => settle(false) };
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    line.queue.push(queued);
  });
}

/** @param attempts 0: whoever was woken does not go, and hands the turn on */
export function release(line: Line, attempts: 0 | 1 = 1): void {
  line.active -= attempts;
  line.queue[0]?.wake();
}
