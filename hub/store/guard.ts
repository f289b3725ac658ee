/**
 * Watches that a transaction's work awaits its own repositories only. While no statement of it is on its way, the
 * work can only run on micro-tasks; if the event loop turns meanwhile, it waits for something else: hashing, network,
 * a timer, or the store outside of the transaction, which would wait for this very transaction.
 */
export class ForeignWaitGuard {
  readonly violated: Promise<never>;
  #reject: (error: Error) => void = () => undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor() {
    this.violated = new Promise((_, reject) => {
      this.#reject = reject;
    });
  }

  arm(): void {
    this.disarm();
    this.#turn = setImmediate(() => this.#reject(new Error(FOREIGN)));
  }

  disarm(): void {
    clearImmediate(this.#turn);
  }

  /** `work`, unless it awaits something foreign. */
  async over<T>(work: () => Promise<T>): Promise<T> {
    this.arm();
    try {
      return await Promise.race([work(), this.violated]);
    } finally {
      this.disarm();
    }
  }
}

const FOREIGN =
  'a transaction may await its own repositories only: this one awaited something else, or used the store outside of it';
