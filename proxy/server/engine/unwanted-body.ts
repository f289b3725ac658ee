/**
 * The rest of a body whose target has answered, or died, before it had the whole of it. It is read and thrown away: a client
 * that sends all of it before it reads would otherwise be met by a reset, and never see the answer. Not for ever, as
 * nginx does not either (`lingering_timeout`, `lingering_time`).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LINGER_MS, LONGEST_LINGER_MS } from '../front/linger.js';

const LOOK_MS = 1000;

export function discardRest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  const beganAt = performance.now();
  let movedAt = beganAt;
  const look = setInterval(() => {
    const now = performance.now();
    if (now - movedAt < LINGER_MS && now - beganAt < LONGEST_LINGER_MS) return;
    request.pause();
    // An error page may still be asked for.
    if (!response.writableFinished) return;
    done();
    partFrom(request);
  }, LOOK_MS);
  const done = (): void => clearInterval(look);
  request.once('end', done);
  request.once('close', done);
  request.on('data', () => {
    movedAt = performance.now();
  });
  request.resume();
}

/** Nothing more is read. A reset could overtake the answer, so the connection is left for a while to be read. */
function partFrom(request: IncomingMessage): void {
  const { socket } = request;
  socket.end();
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
}
