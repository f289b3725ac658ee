/**
 * A target may answer before it has read the request's body, and close: then a write to it fails while its answer
 * still waits to be read. Node closes a socket whose write fails, and the answer is lost with it; here a failed write
 * only ends the writing, and the reading goes on to its own end.
 */
import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** @param failed called once; nothing more is written then, and whoever writes is told that it was */
export function readOnAfterFailedWrite(socket: Socket, failed: (error: Error) => void): void {
  // What Node's socket implements of a stream; a subclass would do the same, but TLS sockets are made by Node.
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  let dead = false;
  let told: Done | undefined;
  const ours: Done = (error) => {
    if (!error || socket.destroyed) {
      told?.(error);
      return;
    }
    if (!dead) failed(error);
    dead = true;
    told?.();
  };
  // A stream has one write under way at a time, and is told of each by the same function.
  const guarded = (done: Done): Done => {
    told = done;
    return ours;
  };
  socket._write = (data, encoding, done) => {
    if (dead) done();
    else write(data, encoding, guarded(done));
  };
  if (!writev) return;
  socket._writev = (pieces, done) => {
    if (dead) done();
    else writev(pieces, guarded(done));
  };
}
