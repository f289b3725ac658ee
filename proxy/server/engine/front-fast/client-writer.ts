/** Writes answers to a client's socket, in chunks where the length is not known. */
import type { Socket } from 'node:net';

/** A chunk no longer than this is written as one text with its frame: one call of the kernel instead of a vector. */
const TEXT = 4096;

export interface ClientWriter {
  /** @returns false when `drain` should be waited for, like `piece` */
  begin(head: string, chunked: boolean): boolean;
  piece(piece: Buffer): boolean;
  end(): void;
}

export function writerOf(socket: Socket): ClientWriter {
  let chunks = false;
  return {
    begin(head, chunked) {
      chunks = chunked;
      return socket.write(head, 'latin1');
    },
    piece(piece) {
      if (piece.length === 0) return true;
      if (!chunks) return socket.write(piece);
      const size = piece.length.toString(16);
      if (piece.length <= TEXT) {
        return socket.write(`${size}\r\n${piece.toString('latin1')}\r\n`, 'latin1');
      }
      socket.cork();
      socket.write(`${size}\r\n`, 'latin1');
      socket.write(piece);
      const more = socket.write('\r\n', 'latin1');
      socket.uncork();
      return more;
    },
    end() {
      if (chunks) socket.write('0\r\n\r\n', 'latin1');
    },
  };
}
