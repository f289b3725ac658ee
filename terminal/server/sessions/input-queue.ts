import { writeSync } from 'node:fs';

/** A full pty takes up to 4 KiB; a child that does not read is asked again after this long. */
const RETRY_MS = 10;
const PIECE_BYTES = 4096;

export interface InputQueueOptions {
  readonly fd: number;
  /** Above this the socket is not read any more; below half of it, again. */
  readonly capBytes: number;
  /** The pty is gone (EIO, EBADF): nothing more can be written. */
  readonly onGone: (error: unknown) => void;
  /** Something that had to wait was taken. */
  readonly onDrain: () => void;
  /** Replaceable for tests. */
  readonly write?: (fd: number, data: Buffer) => number;
}

/**
 * Writes keystrokes to the pty at once, without the thread pool, and queues only what the kernel does not take
 * (EAGAIN). node-pty's own queue retries without a pause and spins a core when a child does not read.
 */
export class InputQueue implements Disposable {
  readonly #options: InputQueueOptions;
  readonly #write: (fd: number, data: Buffer) => number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #gone = false;

  constructor(options: InputQueueOptions) {
    this.#options = options;
    this.#write = options.write ?? writeSync;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#options.capBytes;
  }

  push(data: Buffer): void {
    if (this.#gone || data.length === 0) return;
    this.#pieces.push(data);
    this.#bytes += data.length;
    if (this.#timer === undefined) this.#drain(false);
  }

  [Symbol.dispose](): void {
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#pieces = [];
    this.#bytes = 0;
  }

  #drain(waited: boolean): void {
    this.#timer = undefined;
    for (let piece = this.#pieces[0]; piece; piece = this.#pieces[0]) {
      const written = this.#tryWrite(piece.subarray(0, PIECE_BYTES));
      if (this.#gone) return;
      if (written === 0) {
        this.#timer = setTimeout(() => this.#drain(true), RETRY_MS);
        break;
      }
      this.#bytes -= written;
      if (written === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(written);
    }
    if (waited) this.#options.onDrain();
  }

  /** Bytes taken; 0 when the kernel's buffer is full. */
  #tryWrite(data: Buffer): number {
    try {
      return this.#write(this.#options.fd, data);
    } catch (error) {
      if (isErrno(error, 'EAGAIN') || isErrno(error, 'EINTR')) return 0;
      this[Symbol.dispose]();
      this.#options.onGone(error);
      return 0;
    }
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
