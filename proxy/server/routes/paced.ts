/**
 * A job that is asked for more often than it should run: at once when it has rested, else as soon as it has. What is
 * asked for meanwhile is one run. Owns its timer.
 */

/** ms from the end of a run to the next. */
const REST = 250;
/** What a job takes of everybody's time is at most one part of so many, however long a run is. */
const SHARE = 20;

export class Paced {
  readonly #job: () => Promise<number>;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #asked = false;
  #notBefore = 0;

  /** @param job resolves with the ms for which it kept others from working; does not reject */
  constructor(job: () => Promise<number>) {
    this.#job = job;
  }

  get running(): boolean {
    return this.#running;
  }

  ask(): void {
    this.#asked = true;
    this.#next();
  }

  /** Nothing begins any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asked = false;
  }

  #next(): void {
    if (this.#timer || this.#running || !this.#asked) return;
    // By a timer at any rate: what is asked for in one turn is one run.
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#run().then(() => this.#next());
      },
      Math.max(0, this.#notBefore - performance.now()),
    );
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    this.#asked = false;
    this.#running = true;
    const cost = await this.#job();
    this.#running = false;
    this.#notBefore = performance.now() + Math.max(REST, cost * SHARE);
  }
}
