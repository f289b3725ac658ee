/**
 * The gate in front of every handler: what the route declared (route-config.ts) against who is asking. Runs after the
 * session has named the principal and XSRF has been checked.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Resource } from '../../core/scopes/index.js';
import { Access, allServersOf, type PathNames, targetOf } from '../rbac/access.js';
import type { Rights } from '../rbac/rights.js';
import { httpError } from './errors.js';
import type { RouteAccess } from './route-config.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the principal may do; made before the handler runs. */
    access: Access;
  }
}

export interface GateOptions {
  readonly rights: Rights;
  /** Where an anonymous page request is sent to sign in. */
  loginUrl(request: FastifyRequest): string;
}

export function installGate(app: FastifyInstance, options: GateOptions): void {
  app.decorateRequest('access');
  app.addHook('preHandler', async (request, reply) => {
    request.access = await Access.of(request.principal, options.rights);
    const access = request.routeOptions.config.access;
    if (access === undefined || access.kind === 'public') return undefined;
    if (access.kind === 'signed-in' && request.principal.kind === 'anonymous') {
      // Tornado's web.authenticated: a page that was read sends to the login, a write is refused.
      if (request.method === 'GET') return reply.redirect(options.loginUrl(request), 302);
      throw httpError(403);
    }
    await pass(request, access);
    return undefined;
  });
}

async function pass(
  request: FastifyRequest,
  access: Exclude<RouteAccess, { kind: 'public' }>,
): Promise<void> {
  switch (access.kind) {
    case 'identified':
      if (request.principal.kind === 'anonymous') throw httpError(403);
      return;
    case 'signed-in':
      if (request.principal.kind !== 'user' && !(access.services && request.principal.kind === 'service'))
        throw httpError(403);
      if (access.scopes) await request.access.demand(access.scopes, targetIn(request));
      return;
    case 'scopes':
      await request.access.demand(access.anyOf, targetIn(request), { list: access.list ?? false });
  }
}

function targetIn(request: FastifyRequest): Resource | undefined {
  const names = request.params as PathNames;
  const { server } = request.routeOptions.config;
  if (server === 'all' && names.user_name !== undefined) return allServersOf(names.user_name);
  if (server === 'default') return targetOf({ ...names, server_name: names.server_name ?? '' });
  return targetOf(names);
}
