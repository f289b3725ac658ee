/** `/users/:u/shared` and `/groups/:g/shared`: what others gave (JupyterHub 6.1.1). */
import type { FastifyInstance } from 'fastify';
import { httpError } from '../../http/errors.js';
import { scopes } from '../../http/route-config.js';
import { type Grantee, shareWith } from '../../rbac/index.js';
import type { ApiContext } from '../context.js';
import { groupNamed } from '../groups/groups.js';
import { pageRequest } from '../pagination.js';
import { sharedEndpoints } from './endpoints.js';
import { list, type ShareApiOptions } from './shares.js';

/** The server's owner and name are no filter of the scope: these endpoints are about whom the share is with. */
type OneShare = { user_name?: string; group_name?: string; owner_name: string; shared_server?: string };

export function registerShared(app: FastifyInstance, context: ApiContext, options: ShareApiOptions): void {
  const { store, prefix } = context;

  app.get<{ Params: { user_name: string } }>(
    `${prefix}users/:user_name/shared`,
    { config: { access: scopes('read:users:shares'), endpoint: sharedEndpoints('user').list } },
    async (request) => {
      const user = await store.users.byName(request.params.user_name);
      if (!user) throw httpError(404, `No such user: ${request.params.user_name}`);
      const groups = await store.groups.byUser(user.id);
      const shares = [
        ...(await store.shares.toUser(user.id)),
        ...(await store.shares.toGroups(groups.map((group) => group.id))),
      ].sort((a, b) => a.id - b.id);
      const { offset, limit } = pageRequest(request, context.limits);
      const items = shares.slice(offset, offset + limit);
      return list(context, options, request, { items, total: shares.length });
    },
  );

  app.get<{ Params: { group_name: string } }>(
    `${prefix}groups/:group_name/shared`,
    { config: { access: scopes('read:groups:shares'), endpoint: sharedEndpoints('group').list } },
    async (request) => {
      const group = await groupNamed(context, request.params.group_name);
      const shares = await store.shares.toGroups([group.id]);
      const { offset, limit } = pageRequest(request, context.limits);
      const items = shares.slice(offset, offset + limit);
      return list(context, options, request, { items, total: shares.length });
    },
  );

  for (const kind of ['user', 'group'] as const) {
    const base = `${prefix}${kind}s/:${kind}_name/shared/:owner_name`;
    for (const url of [`${base}/:shared_server`, `${base}/`]) {
      app.get<{ Params: OneShare }>(
        url,
        { config: { access: scopes(`read:${kind}s:shares`), endpoint: sharedEndpoints(kind).read } },
        async (request) => {
          const [model] = await options.models.shares([await find(kind, request.params)]);
          return model;
        },
      );
      app.delete<{ Params: OneShare }>(
        url,
        { config: { access: scopes(`${kind}s:shares`), endpoint: sharedEndpoints(kind).leave } },
        async (request, reply) => {
          const share = await find(kind, request.params);
          await store.shares.delete([share.id]);
          return reply.code(204).send();
        },
      );
    }
  }

  async function find(kind: Grantee['kind'], params: OneShare) {
    const name = (kind === 'user' ? params.user_name : params.group_name) ?? '';
    if (kind === 'group') await groupNamed(context, name);
    return shareWith(store, { kind, name }, { owner: params.owner_name, server: params.shared_server ?? '' });
  }
}
