/**
 * What no path or query may name, for all routes at once: NUL, which no database column of ours can hold (PostgreSQL
 * refuses the very question) and no name has; and nothing at all, where a route wants a name. Nor may the fixed parts of
 * a path be written with escapes: what goes by the text of an address (which rules of XSRF, which kind of answer) and what
 * goes by its route would not mean the same. JupyterHub 6.1.1 does not know such a path either.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpError } from './errors.js';

export const NUL = '\u0000';

/** @throws Fault 400 in requests whose path or query has a NUL; one without a name where one belongs is not found */
export function refuseNameless(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return done();
    if (holdsNul(request.params) || holdsNul(request.query)) {
      return done(httpError(400, 'A NUL character is not allowed here'));
    }
    if (lacksName(request) || isDisguised(request)) return void reply.callNotFound();
    return done();
  });
}

function lacksName({ params }: FastifyRequest): boolean {
  return Object.entries(params as object).some(([name, value]) => name !== '*' && value === '');
}

/** Whether `/hub/%61pi` stands for `/hub/api`. */
function isDisguised({ url, routeOptions }: FastifyRequest): boolean {
  const path = url.split('?', 1)[0] ?? '';
  if (!path.includes('%')) return false;
  const given = path.split('/');
  return (routeOptions.url ?? '')
    .split('/')
    .some((part, index) => part !== given[index] && !part.startsWith(':') && part !== '*');
}

function holdsNul(values: unknown): boolean {
  if (typeof values !== 'object' || values === null) return false;
  for (const [name, value] of Object.entries(values)) {
    if (name.includes(NUL) || (Array.isArray(value) ? value.some(isNul) : isNul(value))) return true;
  }
  return false;
}

function isNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes(NUL);
}
