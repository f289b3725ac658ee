import { ModeTracker } from './modes.js';

/** Part of the output, and where it stands in the whole. */
export interface Slice {
  /** Position of the first byte. */
  readonly seq: number;
  readonly data: Buffer;
  /** Bytes before `seq` were asked for, and are gone. */
  readonly truncated: boolean;
  /** Restores what the missing part had switched on; empty when nothing is missing. */
  readonly modes: string;
}

const BLOCK_BYTES = 32 * 1024;
/** How far into a cut replay a clean beginning is looked for. */
const CLEAN_START_WINDOW = 4096;

interface Block {
  readonly bytes: Buffer;
  used: number;
}

/**
 * The last bytes that a session printed. Memory grows with what was printed, up to `limit` plus one block, or
 * further while `hold` (what a reader has not confirmed yet) says so.
 */
export class ReplayRing {
  readonly #limit: number;
  readonly #blocks: Block[] = [];
  readonly #modes = new ModeTracker();
  #start = 0;
  #end = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Position behind the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Position of the oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** @param hold position from which on everything must be kept; at or above `end` when nobody lags */
  append(chunk: Buffer, hold = Number.POSITIVE_INFINITY): void {
    let offset = 0;
    while (offset < chunk.length) {
      let block = this.#blocks.at(-1);
      if (!block || block.used === block.bytes.length) {
        // A quiet session keeps a small first block; a busy one gets full blocks.
        const size = this.#blocks.length === 0 ? 4096 : BLOCK_BYTES;
        block = { bytes: Buffer.allocUnsafeSlow(size), used: 0 };
        this.#blocks.push(block);
      }
      const copied = chunk.copy(block.bytes, block.used, offset);
      block.used += copied;
      offset += copied;
    }
    this.#end += chunk.length;
    this.#trim(hold);
  }

  /** Everything from `from` on; from the oldest clean beginning when that is gone or unknown (`undefined`). */
  since(from: number | undefined): Slice {
    if (from !== undefined && from >= this.#start && from <= this.#end) {
      return { seq: from, data: this.#copy(from), truncated: false, modes: '' };
    }
    const all = this.#copy(this.#start);
    if (this.#start === 0) return { seq: 0, data: all, truncated: false, modes: '' };
    const skip = cleanStart(all);
    return {
      seq: this.#start + skip,
      data: all.subarray(skip),
      truncated: true,
      modes: this.#modes.restore(),
    };
  }

  #trim(hold: number): void {
    for (let first = this.#blocks[0]; first; first = this.#blocks[0]) {
      const after = this.#start + first.used;
      if (this.#end - after < this.#limit || after > hold) return;
      this.#modes.feed(first.bytes.subarray(0, first.used));
      this.#start = after;
      this.#blocks.shift();
    }
  }

  #copy(from: number): Buffer {
    const parts: Buffer[] = [];
    let position = this.#start;
    for (const block of this.#blocks) {
      const skip = Math.max(0, from - position);
      if (skip < block.used) parts.push(block.bytes.subarray(skip, block.used));
      position += block.used;
    }
    return Buffer.concat(parts);
  }
}

/** First place where an emulator can start: after a line's end, else at an escape sequence, else at a character. */
export function cleanStart(data: Buffer): number {
  const window = data.subarray(0, CLEAN_START_WINDOW);
  const line = window.indexOf(0x0a);
  if (line !== -1) return line + 1;
  const sequence = window.indexOf(0x1b);
  if (sequence !== -1) return sequence;
  let start = 0;
  // UTF-8 continuation bytes are 10xxxxxx; a character has at most three.
  while (start < 3 && start < data.length && ((data[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
}
