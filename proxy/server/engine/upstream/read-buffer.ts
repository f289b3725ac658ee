/**
 * The memory that a target's connection reads into, used again for every read. What is read belongs to one user and
 * the next read may belong to another, so this is the one place that decides when memory may be written again:
 * never after `lend()`, which is called for every piece that somebody still refers to once it was handed on.
 */
const SMALL = 16 * 1024;
const LARGE = 128 * 1024;

export class ReadBuffer {
  #memory: Buffer | undefined;
  #size = SMALL;

  /** What the next read may write to. Memory of its own, not a part of Node's pool. */
  next(): Buffer {
    this.#memory ??= Buffer.allocUnsafeSlow(this.#size);
    return this.#memory;
  }

  /** What the last read wrote. A read that filled everything makes the next one larger. */
  taken(memory: Buffer, count: number): Buffer {
    if (count === memory.length && this.#size === SMALL) {
      this.#size = LARGE;
      this.#memory = undefined;
    }
    return memory.subarray(0, count);
  }

  /** A piece of the last read is still referred to: its memory is given up. */
  lend(): void {
    this.#memory = undefined;
  }

  /** Between two answers a connection keeps little. */
  shrink(): void {
    if (this.#size === SMALL) return;
    this.#size = SMALL;
    this.#memory = undefined;
  }
}
