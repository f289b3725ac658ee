import type { FastifyRequest } from 'fastify';
import { type SignInContext, sessionOf } from '../session/index.js';

/** Who asks, for the authenticator. */
export function signInContext(request: FastifyRequest): SignInContext {
  const { clientAddress, peerAddress } = sessionOf(request).request;
  return { remoteAddress: clientAddress, peerAddress, headers: request.headers };
}
