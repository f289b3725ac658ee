/** `POST /users/:name/admin-access`: does nothing since OAuth, and scripts still ask (JupyterHub 6.1.1). */
import type { FastifyInstance } from 'fastify';
import { httpError } from '../../http/errors.js';
import { scopes } from '../../http/route-config.js';
import { type ApiContext, findUser } from '../context.js';
import { ADMIN_ACCESS } from './endpoints.js';

/** @param allowed `JupyterHub.admin_access` */
export function registerAdminAccess(app: FastifyInstance, context: ApiContext, allowed: boolean): void {
  app.post<{ Params: { user_name: string } }>(
    `${context.prefix}users/:user_name/admin-access`,
    { config: { access: scopes('servers'), endpoint: ADMIN_ACCESS } },
    async (request, reply) => {
      if (!allowed) throw httpError(403, 'admin access to user servers disabled');
      await findUser(context.store, request.params.user_name);
      return reply.send('');
    },
  );
}
