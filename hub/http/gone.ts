import type { FastifyReply } from 'fastify';
import { Fault } from '../../core/fault.js';

/** Nginx's number for it; nobody reads the answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Aborted when the connection closes before the answer is complete. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return;
    controller.abort(new Fault('CLIENT_GONE', 'The client has gone', { status: CLIENT_CLOSED_REQUEST }));
  });
  return controller.signal;
}
