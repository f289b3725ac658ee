import type { FastifyReply, FastifyRequest } from 'fastify';
import { goneSignal } from '../http/gone.js';
import { type SignInContext, sessionOf } from '../session/index.js';

/** Who asks, for the authenticator; and whether they still do. */
export function signInContext(request: FastifyRequest, reply: FastifyReply): SignInContext {
  const { clientAddress, peerAddress } = sessionOf(request).request;
  return { remoteAddress: clientAddress, peerAddress, headers: request.headers, gone: goneSignal(reply) };
}
