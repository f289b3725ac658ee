/**
 * The body of a request on its way to the target. Node reads an accepted socket 64 KiB at a time, and again at once
 * while there is more; what comes within one turn of the event loop goes out together, to a target that keeps up: one
 * call of the kernel instead of many, and it wakes up once. Owns the memory that is given with a piece.
 */
import type { Socket } from 'node:net';
import { giveBack, keepFreedMemory, WORTH_IT } from '../../sockets/give-back.js';
import { Pace } from '../../sockets/pace.js';
import { isStillNeeded } from '../../sockets/read-memory.js';

/** Octets that are gathered at most. */
const AT_ONCE = 1024 * 1024;

export class BodyWrites {
  readonly #socket: Socket;
  readonly #pace: Pace;
  #gathered: Buffer[] = [];
  #octets = 0;

  /** @param pace of the target, as far as it is known */
  constructor(socket: Socket, pace = new Pace()) {
    this.#socket = socket;
    this.#pace = pace;
  }

  /**
   * @param given nobody else refers to the piece or its memory
   * @returns false when `drain` should be waited for
   */
  write(piece: Buffer, given: boolean): boolean {
    const socket = this.#socket;
    if (!given || piece.length < WORTH_IT) {
      this.flush();
      return socket.write(piece);
    }
    this.#gathered.push(piece);
    this.#octets += piece.length;
    if (!this.#pace.keepsUp) this.flush();
    else if (this.#octets >= AT_ONCE) {
      keepFreedMemory();
      this.flush();
    } else if (this.#gathered.length === 1) setImmediate(this.flush);
    return !socket.writableNeedDrain;
  }

  /** What was gathered goes out now. */
  readonly flush = (): void => {
    const pieces = this.#gathered;
    const octets = this.#octets;
    const socket = this.#socket;
    if (pieces.length === 0) return;
    this.#gathered = [];
    this.#octets = 0;
    if (socket.destroyed) return;
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    if (isStillNeeded(socket)) {
      // It is left to the collector.
      this.#pace.waited();
      return;
    }
    this.#pace.moved(octets);
    pieces.forEach(giveBack);
  };
}
