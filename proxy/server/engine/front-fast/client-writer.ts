/** Writes answers to a client's socket, in chunks where the length is not known. */
import type { Socket } from 'node:net';
import { isStillNeeded, SMALL_PIECE } from '../../sockets/read-memory.js';

export interface ClientWriter {
  /** @returns false when `drain` should be waited for, like `piece` */
  begin(head: string, chunked: boolean): boolean;
  piece(piece: Buffer): boolean;
  end(): void;
  /** The memory of the last piece is still referred to. */
  readonly keeps: boolean;
}

export function writerOf(socket: Socket): ClientWriter {
  let chunks = false;
  let small = false;
  return {
    begin(head, chunked) {
      chunks = chunked;
      return socket.write(head, 'latin1');
    },
    piece(piece) {
      small = piece.length <= SMALL_PIECE;
      if (piece.length === 0) return true;
      if (small) {
        // One text with its frame: one call of the kernel instead of a vector, and nothing of the memory is kept.
        const text = piece.toString('latin1');
        return socket.write(chunks ? `${piece.length.toString(16)}\r\n${text}\r\n` : text, 'latin1');
      }
      if (!chunks) return socket.write(piece);
      socket.cork();
      socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
      socket.write(piece);
      const more = socket.write('\r\n', 'latin1');
      socket.uncork();
      return more;
    },
    end() {
      if (chunks) socket.write('0\r\n\r\n', 'latin1');
    },
    get keeps() {
      return !small && isStillNeeded(socket);
    },
  };
}
