/**
 * Work that many ask for in one moment, spread over turns of the event loop. Whatever arrives together Node would answer
 * within one turn: 200 requests of 5 ms each are a second in which no timer, no probe and no other user gets a hearing.
 */
import { setImmediate } from 'node:timers';

/** ms of work that one turn takes on; what has begun is not interrupted. */
const BUDGET_MS = 10;

interface TurnsOptions {
  readonly budgetMs?: number;
  /** ms, monotonic */
  readonly now?: () => number;
}

export class Turns {
  readonly #budgetMs: number;
  readonly #now: () => number;
  /** When the first of this turn began. */
  #since: number | undefined;
  /** Somebody was let through whose work has not been done yet, so nobody knows how long it takes. */
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  constructor({ budgetMs = BUDGET_MS, now = () => performance.now() }: TurnsOptions = {}) {
    this.#budgetMs = budgetMs;
    this.#now = now;
  }

  /** How many wait for theirs. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Nothing to wait for while this turn has time left; else a turn of one's own, in the order of asking. */
  take(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && !this.#busy && this.#hasTime()) {
      this.#busy = true;
      process.nextTick(() => {
        this.#busy = false;
      });
      return undefined;
    }
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#next());
    });
  }

  #hasTime(): boolean {
    const now = this.#now();
    if (this.#since !== undefined) return now - this.#since < this.#budgetMs;
    this.#since = now;
    setImmediate(() => {
      this.#since = undefined;
    });
    return true;
  }

  /** One in each turn: what it does before it waits for something runs when this function has ended. */
  #next(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#next());
  }
}

/** Those of this process: it has one event loop, whoever works in it. */
export const turns = new Turns();
