/**
 * The body of a request on its way to the target. Node reads an accepted socket 64 KiB at a time, and again at once
 * while there is more; what comes within one turn of the event loop goes out together: one call of the kernel
 * instead of many, and the target wakes up once. Owns the memory that is given with a piece.
 */
import type { Socket } from 'node:net';
import { giveBack, keepFreedMemory, WORTH_IT } from '../../sockets/give-back.js';
import { isStillNeeded } from '../../sockets/read-memory.js';

/** Octets that are gathered at most. */
const AT_ONCE = 1024 * 1024;

export class BodyWrites {
  readonly #socket: Socket;
  #gathered: Buffer[] = [];
  #octets = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * @param given nobody else refers to the piece or its memory
   * @returns false when `drain` should be waited for
   */
  write(piece: Buffer, given: boolean): boolean {
    const socket = this.#socket;
    if (!given || piece.length < WORTH_IT || socket.writableNeedDrain) {
      this.flush();
      return socket.write(piece);
    }
    if (this.#gathered.length === 0) setImmediate(this.flush);
    this.#gathered.push(piece);
    this.#octets += piece.length;
    if (this.#octets >= AT_ONCE) {
      keepFreedMemory();
      this.flush();
    }
    return !socket.writableNeedDrain;
  }

  /** What was gathered goes out now. */
  readonly flush = (): void => {
    const pieces = this.#gathered;
    const socket = this.#socket;
    if (pieces.length === 0) return;
    this.#gathered = [];
    this.#octets = 0;
    if (socket.destroyed) return;
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    // What still waits in the stream is left to the collector.
    if (!isStillNeeded(socket)) pieces.forEach(giveBack);
  };
}
