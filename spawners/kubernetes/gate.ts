/**
 * Lets so many through at once; the others wait in order. A class that starts together would else put a thousand
 * requests to the cluster at once, and those at the end would pass their time limit before they are sent.
 */
export class Gate {
  readonly #places: number;
  readonly #waiting: Array<() => void> = [];
  #inside = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** @throws what `work` throws; the signal's reason when aborted while waiting */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside -= 1;
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside < this.#places) {
      this.#inside += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
