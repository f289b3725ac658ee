import { Fault } from '../../core/fault.js';

/** Longest queue of writers; more than this is an overload, not a burst. */
const MAX_WAITING = 10_000;

/** One holder at a time, first come first served; nobody waits longer than `patienceMs`. */
export class Mutex {
  readonly #patienceMs: number;
  readonly #waiting: Array<() => void> = [];
  #held = false;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  get held(): boolean {
    return this.#held;
  }

  /** @throws Fault DATABASE_BUSY when the queue is full or does not move */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#held) await this.#wait();
    this.#held = true;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The lock passes on held: nobody may slip in between.
      if (next) next();
      else this.#held = false;
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(busy('too many writers wait'));
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(busy(`no turn within ${this.#patienceMs} ms`));
      }, this.#patienceMs);
      this.#waiting.push(turn);
    });
  }
}

function busy(detail: string): Fault {
  return new Fault('DATABASE_BUSY', 'The database is busy. Try again in a moment.', {
    status: 503,
    headers: { 'Retry-After': '5' },
    detail,
  });
}
