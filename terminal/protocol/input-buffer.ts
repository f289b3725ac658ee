import { INPUT_FRAME_BYTES } from './limits.js';

/** Unconfirmed input on the way at most; a paste waits for the shell to take it. */
const WINDOW_BYTES = 256 * 1024;

/**
 * Input of one page, from the first keystroke until the server confirmed it. After a lost connection the server says
 * how far it got, and exactly the rest goes out again.
 */
export class InputBuffer {
  readonly #cap: number;
  #pieces: Uint8Array[] = [];
  /** Position of the first byte kept. */
  #start = 0;
  #end = 0;
  /** Position behind the last byte handed out on this connection. */
  #sent = 0;
  #confirmed = 0;

  /** @param cap bytes; more is refused, not dropped */
  constructor(cap: number) {
    this.#cap = cap;
  }

  get waiting(): number {
    return this.#end - this.#start;
  }

  /** `false`: no room, nothing was taken. */
  add(data: Uint8Array): boolean {
    if (this.waiting + data.length > this.#cap) return false;
    for (let at = 0; at < data.length; at += INPUT_FRAME_BYTES) {
      this.#pieces.push(data.slice(at, at + INPUT_FRAME_BYTES));
    }
    this.#end += data.length;
    return true;
  }

  /** A connection begins; the server has everything before `received`. */
  resume(received: number): void {
    this.#confirmed = Math.max(this.#confirmed, Math.min(received, this.#end));
    this.#sent = this.#confirmed;
    this.#trim();
  }

  confirm(seq: number): void {
    this.#confirmed = Math.max(this.#confirmed, Math.min(seq, this.#sent));
    this.#trim();
  }

  /** What may go out now, in frames. */
  take(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let position = this.#start;
    for (const piece of this.#pieces) {
      const after = position + piece.length;
      if (after > this.#sent) {
        if (after - this.#confirmed > WINDOW_BYTES) break;
        frames.push(piece.subarray(Math.max(0, this.#sent - position)));
        this.#sent = after;
      }
      position = after;
    }
    return frames;
  }

  #trim(): void {
    let count = 0;
    for (const piece of this.#pieces) {
      if (this.#start + piece.length > this.#confirmed) break;
      this.#start += piece.length;
      count += 1;
    }
    this.#pieces = this.#pieces.slice(count);
  }
}
