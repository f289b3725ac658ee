/**
 * NUL in what a request names. No database column of ours can hold it (PostgreSQL refuses the very question), no name
 * has one, so it is refused once, for all routes.
 */
import type { FastifyInstance } from 'fastify';
import { httpError } from './errors.js';

export const NUL = '\u0000';

/** @throws Fault 400 in requests whose path or query has a NUL */
export function refuseNul(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (holdsNul(request.params) || holdsNul(request.query)) {
      throw httpError(400, 'A NUL character is not allowed here');
    }
  });
}

function holdsNul(values: unknown): boolean {
  if (typeof values !== 'object' || values === null) return false;
  return Object.entries(values).some(([name, value]) => name.includes(NUL) || [value].flat().some(isNul));
}

function isNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes(NUL);
}
