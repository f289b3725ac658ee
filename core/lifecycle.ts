/**
 * The life cycle that every part shares: construct without side effect, `provision()`, use, async dispose.
 * Disposal tolerates a provision that failed half-way.
 */
export interface Provisioned extends AsyncDisposable {
  provision(): Promise<void>;
}

/**
 * Owns what must be undone. Disposes in reverse order; one failure does not keep the others from running,
 * and the first failure is thrown at the end.
 */
export class Disposables implements AsyncDisposable {
  readonly #stack: Array<() => unknown> = [];
  #disposed = false;

  defer(undo: () => unknown): void {
    this.#stack.push(undo);
  }

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const failures: unknown[] = [];
    for (let undo = this.#stack.pop(); undo; undo = this.#stack.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** `setInterval` that belongs to somebody: unref'ed, never overlapping, errors handed to `onError`. */
export function every(ms: number, task: () => Promise<void>, onError: (error: unknown) => void): Disposable {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      task().catch(onError).finally(schedule);
    }, ms);
    timer.unref();
  };
  schedule();
  return {
    [Symbol.dispose]() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
