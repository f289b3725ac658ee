import type { FastifyRequest } from 'fastify';

/** Whether the body is of somebody who may not enter: it stays where it is, as the gate refuses the request anyway. */
export function isUnread(request: FastifyRequest): boolean {
  const { access } = request.routeOptions.config;
  return isAnonymous(request) && access !== undefined && access.kind !== 'public';
}

/** Before sessions are known (tests of single layers) nobody is. */
export function isAnonymous(request: FastifyRequest): boolean {
  return request.principal?.kind === 'anonymous';
}
