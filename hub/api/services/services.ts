/** `/services` (JupyterHub 6.1.1 apihandlers/services.py): those at work are read, external ones made and removed. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault, messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { isJsonObject, type JsonObject } from '../../../core/model/json.js';
import type { RouteSpec } from '../../../core/model/names.js';
import { defaultRoleNamed, type ScopeRegistry } from '../../../core/scopes/index.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { listScopes, scopes } from '../../http/route-config.js';
import { ownerName, ownerOf, pickKeys, type Rights, Visibility, visibleServices } from '../../rbac/index.js';
import {
  type RunningService,
  readServiceSpec,
  type ServiceSpec,
  type Services,
} from '../../services/index.js';
import { checkServiceModel } from '../body-model.js';
import type { ApiContext } from '../context.js';
import { serviceModel } from '../models.js';
import { CREATE_SERVICE, DELETE_SERVICE, LIST_SERVICES, READ_SERVICE } from './endpoints.js';

export interface ServiceApiOptions {
  readonly services: Pick<Services, 'list' | 'get' | 'add' | 'remove'>;
  readonly registry: ScopeRegistry;
  readonly rights: Rights;
  readonly log: Log;
  /** The proxy's table is to be made right. */
  routesChanged(): Promise<void>;
  routeGone(spec: RouteSpec): Promise<void>;
}

interface Params {
  readonly service_name: string;
}

export function registerServices(
  app: FastifyInstance,
  context: ApiContext,
  options: ServiceApiOptions,
): void {
  const { store, prefix } = context;
  const { services, log } = options;
  const url = `${prefix}services/:service_name`;
  const access = scopes('admin:services');

  app.get(
    `${prefix}services`,
    { config: { access: listScopes('list:services'), endpoint: LIST_SERVICES } },
    async (request) => {
      const only = visibleServices(request.access.scopes);
      const shown = services.list().filter(({ name }) => only === 'all' || only.includes(name));
      return Object.fromEntries(await describe(request, shown));
    },
  );

  app.get<{ Params: Params }>(
    url,
    {
      config: {
        access: scopes('read:services', 'read:services:name', 'read:roles:services'),
        endpoint: READ_SERVICE,
      },
    },
    async (request) => {
      const name = request.params.service_name;
      const service = services.get(name);
      if (!service) throw httpError(404, `No such service: ${name}`);
      return one(request, service);
    },
  );

  app.post<{ Params: Params }>(
    url,
    { config: { access, endpoint: CREATE_SERVICE } },
    async (request, reply) => {
      const name = request.params.service_name;
      const body = jsonBody(request.body);
      if (services.get(name)) throw httpError(409, `Service ${name} already exists`);
      if (!isJsonObject(body) || Object.keys(body).length === 0) throw httpError(400, 'Invalid service data');
      const description = { ...body, name };
      checkServiceModel(description);
      await refuseExcess(request, description, options);
      const service = await add(description);
      log.info('a service was made by the API', { service: name });
      await tell(() => options.routesChanged(), name);
      reply.code(201);
      return one(request, service);
    },
  );

  app.delete<{ Params: Params }>(
    url,
    { config: { access, endpoint: DELETE_SERVICE } },
    async (request, reply) => {
      const name = request.params.service_name;
      const service = services.get(name);
      if (!service) throw httpError(404, `Service ${name} does not exist`);
      if (service.fromConfig) throw httpError(405, `Service ${name} is not modifiable at runtime`);
      await services.remove(name);
      log.info('a service was removed by the API', { service: name });
      const { route } = service;
      if (route) await tell(() => options.routeGone(route.spec), name);
      return reply.code(200).type('application/json').send('');
    },
  );

  async function add(description: JsonObject & { readonly name: string }): Promise<RunningService> {
    const spec = readExternal(description, log);
    try {
      const service = await services.add(spec);
      if (service) return service;
    } catch (error) {
      if (!(error instanceof Fault) || error.status >= 500) throw error;
      log.warn('a service could not be made', { service: spec.name, error: messageOf(error) });
    }
    throw failed(spec.name);
  }

  /** The service is there or gone; a proxy that cannot be told now is told by the next reconciliation. */
  async function tell(work: () => Promise<void>, service: string): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.warn('the route of a service could not be set yet', { service, error: messageOf(error) });
    }
  }

  async function one(request: FastifyRequest, service: RunningService): Promise<JsonObject> {
    const [[, model] = ['', {}]] = await describe(request, [service]);
    return model;
  }

  async function describe(
    request: FastifyRequest,
    running: readonly RunningService[],
  ): Promise<readonly (readonly [string, JsonObject])[]> {
    const records = new Map((await store.services.all()).map((record) => [record.name, record]));
    const roles = await store.roles.ofMany(
      'service',
      [...records.values()].map((record) => record.id),
    );
    const visibility = new Visibility(request.access.scopes);
    return running.flatMap((service) => {
      const record = records.get(service.name);
      if (!record) return []; // removed a moment ago
      const names = (roles.get(record.id) ?? []).map((role) => role.name);
      const model = {
        ...serviceModel(record, { prefix: service.url && service.prefix, pid: service.pid, roles: names }),
        url: service.url,
        info: service.info,
        display: service.display,
      };
      return [[service.name, pickKeys(model, visibility.serviceKeys(service.name))] as const];
    });
  }
}

/** @throws Fault 400 */
function readExternal(description: JsonObject & { readonly name: string }, log: Log): ServiceSpec {
  const { name, command } = description;
  if (Array.isArray(command) && command.length > 0) {
    throw httpError(400, `Can not create managed service ${name} at runtime`);
  }
  const { spec, faults } = readServiceSpec(description, 'POST /services');
  if (spec) return spec;
  log.warn('a service could not be made', { service: name, faults });
  throw failed(name);
}

function failed(name: string): Fault {
  return httpError(400, `Failed to create service ${name}`);
}

/**
 * Nobody gives a service more than they have themselves, and a token no more than it holds: JupyterHub compares with
 * all that the token's owner holds, so that a narrow token could make an administrator.
 * @throws Fault 400
 */
async function refuseExcess(
  request: FastifyRequest,
  description: JsonObject,
  { rights, registry }: ServiceApiOptions,
): Promise<void> {
  const owner = ownerOf(request.principal);
  if (!owner) throw httpError(403);
  const ofAdmin = description['admin'] === true ? (defaultRoleNamed('admin')?.scopes ?? []) : [];
  const ofClient = description['oauth_client_allowed_scopes'];
  const wanted = [...ofAdmin, ...(Array.isArray(ofClient) ? ofClient.map(String) : [])];
  registry.checkWanted(wanted, 'service');
  const excess = await rights.excessOver(request.access.scopes, owner, wanted);
  if (excess.length === 0) return;
  const kind = owner.kind === 'user' ? 'User' : 'Service';
  throw httpError(
    400,
    `Not assigning requested scopes ${excess.join(',')} not held by ${kind} ${ownerName(owner)}`,
  );
}
