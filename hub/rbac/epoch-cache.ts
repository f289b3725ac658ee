/**
 * Values that hold as long as the rights in the database do not change. Everything is forgotten when the epoch moves;
 * a value whose load was overtaken by a write belongs to the old epoch and is forgotten with it.
 */
export class EpochCache<Value> {
  readonly #epochNow: () => number;
  readonly #limit: number;
  readonly #values = new Map<string, Promise<Value>>();
  #epoch: number;

  constructor(epochNow: () => number, limit = 20_000) {
    this.#epochNow = epochNow;
    this.#epoch = epochNow();
    this.#limit = limit;
  }

  /** The value of this epoch; concurrent callers share one load. A failed load is not kept. */
  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const epoch = this.#epochNow();
    if (epoch !== this.#epoch) {
      this.#values.clear();
      this.#epoch = epoch;
    }
    const known = this.#values.get(key);
    if (known) return known;
    const loading = load();
    this.#keep(key, loading);
    loading.catch(() => {
      if (this.#values.get(key) === loading) this.#values.delete(key);
    });
    return loading;
  }

  #keep(key: string, value: Promise<Value>): void {
    if (this.#values.size >= this.#limit) {
      const oldest = this.#values.keys().next();
      if (!oldest.done) this.#values.delete(oldest.value);
    }
    this.#values.set(key, value);
  }
}
