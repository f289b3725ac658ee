/**
 * The memory that a target's connection reads into, used again for every read. What is read belongs to one user and
 * the next read may belong to another, so this is the one place that decides when memory may be written again:
 * never after `lend()`, which is called for every piece that `isStillNeeded` once it was handed on.
 */
import type { Writable } from 'node:stream';

const SMALL = 16 * 1024;
const LARGE = 128 * 1024;

/** Pieces up to here are written as text, which is a copy: else each would keep a whole buffer from being used again. */
export const SMALL_PIECE = 4096;

/**
 * Memory that many connections read into, each time from its beginning: what lies in it is another connection's with
 * the next read. So it is for readers that copy whatever they keep, or write on, with `keptCopy`.
 */
export const COMMON: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The piece itself, unless it lies in the common memory. */
export function keptCopy(piece: Buffer): Buffer {
  return piece.buffer === COMMON.buffer ? Buffer.from(piece) : piece;
}

/** Whether a piece that was just written, as the Buffer it was, may be read from its memory later. */
export function isStillNeeded(stream: Writable): boolean {
  return stream.writableLength > 0 || stream.writableCorked > 0;
}

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
