/** `GET /user`: who am I (JupyterHub 6.1.1 SelfAPIHandler). Every credential may ask, whatever its scopes. */
import type { FastifyInstance } from 'fastify';
import { httpError } from '../../http/errors.js';
import { PUBLIC } from '../../http/route-config.js';
import { ownerOf } from '../../rbac/owner.js';
import { selfView } from '../../rbac/self-view.js';
import { pickKeys, Visibility } from '../../rbac/visible.js';
import type { ServiceRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { serviceModel } from '../models.js';
import { SELF } from './endpoints.js';

export function registerSelf(app: FastifyInstance, context: ApiContext): void {
  app.get(
    `${context.prefix}user`,
    { config: { access: PUBLIC, xsrf: 'api', endpoint: SELF } },
    async (request) => {
      const { principal } = request;
      const owner = ownerOf(principal);
      if (!owner || principal.kind === 'anonymous') throw httpError(403);
      const { reading, shown } = selfView(owner, request.access.scopes);
      const token = principal.via.kind === 'token' ? principal.via.token : undefined;
      const model =
        owner.kind === 'user'
          ? (await context.models.visible([owner.user], reading, { stoppedServers: false }))[0]
          : pickKeys(
              await ownService(context, owner.service),
              Visibility.of(reading).serviceKeys(owner.service.name),
            );
      return {
        ...model,
        token_id: token ? `a${token.id}` : null,
        session_id: token?.sessionId ?? null,
        scopes: shown,
      };
    },
  );
}

/** From its row: what the specification leaves out is null here, unlike in `/services`. */
async function ownService({ store }: ApiContext, service: ServiceRecord) {
  const roles = await store.roles.of('service', service.id);
  return serviceModel(service, { prefix: '', pid: 0, roles: roles.map((role) => role.name) });
}
