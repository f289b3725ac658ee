/** A map that forgets what was used longest ago, so that strangers cannot fill the memory. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;
  readonly #mayForget: (value: V) => boolean;

  /** @param mayForget what must not be dropped while it is in use; looked at for a few entries only */
  constructor(max: number, mayForget: (value: V) => boolean = () => true) {
    this.#max = max;
    this.#mayForget = mayForget;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) this.#forgetOne();
  }

  #forgetOne(): void {
    let looked = 0;
    for (const [key, value] of this.#entries) {
      looked += 1;
      if (this.#mayForget(value) || looked > 64) {
        this.#entries.delete(key);
        return;
      }
    }
  }
}
