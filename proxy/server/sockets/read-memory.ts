/**
 * The memory that connections read into, used again for every read. What is read belongs to one user and the next read
 * may belong to another, so this is the one place that decides when memory may be written again. Heads and small
 * messages of all connections go into one common memory, where nothing stays: readers copy what they keep or write on
 * (`keptCopy`). Bodies go into memory of the connection's own, which is given up by `lend`, called for every piece that
 * `isStillNeeded` once it was handed on.
 */
import type { Writable } from 'node:stream';
import { Pace } from './pace.js';

/**
 * Octets that one read may bring. The more, the fewer calls of the kernel, acknowledgements and others' wake-ups; but
 * of a body whose reader does not keep up, one such piece waits in memory.
 */
const SMALL = 16 * 1024;
const LARGE = 128 * 1024;
const LARGEST = 512 * 1024;

/** Pieces up to here are written as text, which is a copy: else each would keep a whole buffer from being used again. */
export const SMALL_PIECE = 4096;

/** Of its own, not a part of Node's pool. */
export const COMMON: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The piece itself, unless it lies in the common memory. */
export function keptCopy(piece: Buffer): Buffer {
  return piece.buffer === COMMON.buffer ? Buffer.from(piece) : piece;
}

/** Whether a piece that was just written, as the Buffer it was, may be read from its memory later. */
export function isStillNeeded(stream: Writable): boolean {
  return stream.writableLength > 0 || stream.writableCorked > 0;
}

/** Of one connection. */
export class ReadMemory {
  #own: Buffer | undefined;
  #size = SMALL;
  /** Of those who get what is read here. */
  readonly #pace = new Pace();

  /**
   * What the next read may write to.
   * @param inBody more of a body is to come
   */
  next(inBody: boolean): Buffer {
    if (inBody) {
      this.#own ??= Buffer.allocUnsafeSlow(this.#size);
      return this.#own;
    }
    // Between two messages a connection keeps nothing.
    this.#own = undefined;
    this.#size = SMALL;
    return COMMON;
  }

  /** What the last read wrote. Reads that fill everything make the next ones larger. */
  taken(memory: Buffer, count: number): Buffer {
    if (count === memory.length) {
      this.#pace.moved(count);
      this.#use(this.#pace.keepsUp ? LARGEST : LARGE);
    }
    return memory.subarray(0, count);
  }

  /** A piece of the last read is still referred to: its memory is given up. */
  lend(): void {
    this.#own = undefined;
    this.#pace.waited();
    if (!this.#pace.keepsUp) this.#size = Math.min(this.#size, LARGE);
  }

  #use(size: number): void {
    if (size === this.#size) return;
    this.#size = size;
    this.#own = undefined;
  }
}
