/** `GET /services` (JupyterHub 6.1.1 apihandlers/services.py), read from their rows. */
import type { FastifyInstance } from 'fastify';
import type { JsonObject } from '../../../core/model/json.js';
import { httpError } from '../../http/errors.js';
import { listScopes, scopes } from '../../http/route-config.js';
import { pickKeys, Visibility, visibleServices } from '../../rbac/index.js';
import type { ServiceRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { serviceModel } from '../models.js';

export function registerServices(app: FastifyInstance, context: ApiContext, baseUrl: string): void {
  const { store, prefix } = context;

  app.get(`${prefix}services`, { config: { access: listScopes('list:services') } }, async (request) => {
    const only = visibleServices(request.access.scopes);
    const all = await store.services.all();
    const shown = only === 'all' ? all : all.filter((service) => only.includes(service.name));
    const models = await describe(shown);
    const visibility = new Visibility(request.access.scopes);
    return Object.fromEntries(
      shown.map(({ name }, index) => [name, pickKeys(models[index] ?? {}, visibility.serviceKeys(name))]),
    );
  });

  app.get<{ Params: { service_name: string } }>(
    `${prefix}services/:service_name`,
    { config: { access: scopes('read:services', 'read:services:name', 'read:roles:services') } },
    async (request) => {
      const name = request.params.service_name;
      const service = await store.services.byName(name);
      if (!service) throw httpError(404, `No such service: ${name}`);
      const [model = {}] = await describe([service]);
      return pickKeys(model, new Visibility(request.access.scopes).serviceKeys(name));
    },
  );

  async function describe(services: readonly ServiceRecord[]): Promise<readonly JsonObject[]> {
    const roles = await store.roles.ofMany(
      'service',
      services.map((service) => service.id),
    );
    return services.map((service) => ({
      ...serviceModel(service, {
        prefix: service.url ? `${baseUrl}services/${service.name}/` : '',
        pid: 0,
        roles: (roles.get(service.id) ?? []).map((role) => role.name),
      }),
      // A service that is at work shows what its specification says by default; only its bare row has null.
      url: service.url ?? '',
      info: service.info ?? {},
      display: service.display ?? true,
    }));
  }
}
