/** `/groups` (JupyterHub 6.1.1 apihandlers/groups.py). */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/model/json.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy, pythonRepr } from '../../http/python-text.js';
import { listScopes, scopes } from '../../http/route-config.js';
import { NUL } from '../../http/text.js';
import { visibleGroups } from '../../rbac/index.js';
import { AlreadyExists } from '../../store/index.js';
import type { GroupRecord } from '../../store/types.js';
import { checkGroupModel, elementsOf } from '../body-model.js';
import type { ApiContext } from '../context.js';
import { paged, pageRequest } from '../pagination.js';
import {
  ADD_MEMBERS,
  CREATE_GROUP,
  CREATE_GROUPS,
  DELETE_GROUP,
  LIST_GROUPS,
  READ_GROUP,
  REMOVE_MEMBERS,
  SET_PROPERTIES,
} from './endpoints.js';
import { GroupModels } from './group-models.js';

type Params = { group_name: string };

/** Characters; what the database column takes. */
const MAX_NAME = 255;
/** Names in one request. */
const MAX_NAMES = 10_000;

export interface GroupApiOptions {
  /** A user name as the authenticator writes it. */
  normalize(name: string): string;
}

export function registerGroups(app: FastifyInstance, context: ApiContext, options: GroupApiOptions): void {
  const { store, prefix, log } = context;
  const models = new GroupModels(store);
  const url = `${prefix}groups/:group_name`;
  const access = scopes('admin:groups');
  const members = scopes('groups');

  app.get(
    `${prefix}groups`,
    { config: { access: listScopes('list:groups'), endpoint: LIST_GROUPS } },
    async (request) => {
      const page = pageRequest(request, context.limits);
      const only = visibleGroups(request.access.scopes);
      const { items } = await store.groups.list({ ...page, ...(only !== 'all' && { only }) });
      // The total counts groups that are not shown too, as JupyterHub's does.
      const { total } = await store.groups.list({ offset: 0, limit: 1 });
      return paged(request, page, total, await models.visible(items, request.access.scopes));
    },
  );

  app.post(`${prefix}groups`, { config: { access, endpoint: CREATE_GROUPS } }, async (request, reply) => {
    const body = jsonBody(request.body);
    const names = isJsonObject(body) ? body['groups'] : undefined;
    if (!isJsonObject(body) || !isTruthy(names)) {
      throw httpError(400, 'Must specify at least one group to create');
    }
    const { groups: _names, ...rest } = body;
    checkGroupModel(rest);
    const created: GroupRecord[] = [];
    // One after another: those before a refused one stay, as JupyterHub leaves them.
    for (const name of groupNames(names)) created.push(await create(name, rest['users']));
    reply.code(201);
    return models.visible(created, request.access.scopes);
  });

  app.get<{ Params: Params }>(
    url,
    {
      config: {
        access: scopes('read:groups', 'read:groups:name', 'read:roles:groups'),
        endpoint: READ_GROUP,
      },
    },
    async (request) => one(request, await groupNamed(context, request.params.group_name)),
  );

  app.post<{ Params: Params }>(
    url,
    { config: { access, endpoint: CREATE_GROUP } },
    async (request, reply) => {
      const body = jsonBody(request.body);
      if (body !== null) checkGroupModel(body);
      const [name = ''] = groupNames([request.params.group_name]);
      const group = await create(name, isJsonObject(body) ? body['users'] : undefined);
      reply.code(201);
      return one(request, group);
    },
  );

  app.delete<{ Params: Params }>(
    url,
    { config: { access: scopes('delete:groups'), endpoint: DELETE_GROUP } },
    async (request, reply) => {
      const group = await groupNamed(context, request.params.group_name);
      log.info('deleting a group', { group: group.name });
      await store.groups.delete(group.id);
      return reply.code(204).send();
    },
  );

  app.post<{ Params: Params }>(
    `${url}/users`,
    { config: { access: members, endpoint: ADD_MEMBERS } },
    async (request) => {
      const { group, users } = await membersNamed(request, 'add');
      await store.groups.addUsers(group.id, users);
      return one(request, group);
    },
  );

  app.delete<{ Params: Params }>(
    `${url}/users`,
    { config: { access: members, endpoint: REMOVE_MEMBERS } },
    async (request) => {
      const { group, users } = await membersNamed(request, 'delete');
      await store.groups.removeUsers(group.id, users);
      return one(request, group);
    },
  );

  app.put<{ Params: Params }>(
    `${url}/properties`,
    { config: { access: members, endpoint: SET_PROPERTIES } },
    async (request) => {
      const group = await groupNamed(context, request.params.group_name);
      const properties = jsonBody(request.body);
      if (!isJsonObject(properties)) throw httpError(400, 'Must specify properties');
      await store.groups.setProperties(group.id, properties);
      return one(request, { ...group, properties });
    },
  );

  async function one(request: FastifyRequest, group: GroupRecord): Promise<JsonObject> {
    const [model] = await models.visible([group], request.access.scopes);
    return model ?? {};
  }

  async function create(name: string, users: JsonValue | undefined): Promise<GroupRecord> {
    const taken = httpError(409, `Group ${name} already exists`);
    if (await store.groups.byName(name)) throw taken;
    const ids = await usersNamed(users ?? []);
    log.info('creating a group', { group: name, users: ids.length });
    return store
      .transaction(async ({ groups }) => {
        const group = await groups.create(name);
        await groups.addUsers(group.id, ids);
        return group;
      })
      .catch((error: unknown) => {
        throw error instanceof AlreadyExists ? taken : error;
      });
  }

  async function membersNamed(request: FastifyRequest<{ Params: Params }>, verb: 'add' | 'delete') {
    const group = await groupNamed(context, request.params.group_name);
    const body = jsonBody(request.body);
    checkGroupModel(body);
    if (!isJsonObject(body) || body['users'] === undefined) {
      throw httpError(400, `Must specify users to ${verb}`);
    }
    return { group, users: await usersNamed(body['users']) };
  }

  /** @throws Fault 400 naming the first that is not there */
  async function usersNamed(names: JsonValue): Promise<readonly number[]> {
    const wanted = namesIn(names, 'users').map((name) => options.normalize(name));
    const storable = wanted.filter((name) => !name.includes(NUL));
    const found = new Map(
      (await store.users.byNames(storable)).map((user) => [user.name as string, user.id]),
    );
    return wanted.map((name) => {
      const id = found.get(name);
      if (id === undefined) throw httpError(400, `No such user: ${name.slice(0, MAX_NAME)}`);
      return id;
    });
  }
}

/** @throws Fault 404 */
export async function groupNamed({ store }: Pick<ApiContext, 'store'>, name: string): Promise<GroupRecord> {
  const group = await store.groups.byName(name);
  if (!group) throw httpError(404, `No such group: ${name}`);
  return group;
}

/** `groups` is not type-checked by JupyterHub. */
function groupNames(names: JsonValue): readonly string[] {
  const list = namesIn(elementsOf(names) ?? names, 'groups');
  const bad = list.find((name) => name === '' || name.length > MAX_NAME || name.includes(NUL));
  if (bad !== undefined) throw httpError(400, `Invalid group name: ${pythonRepr(bad)}`);
  return list;
}

function namesIn(names: JsonValue, key: string): readonly string[] {
  const isList =
    Array.isArray(names) && names.length <= MAX_NAMES && names.every((each) => typeof each === 'string');
  if (!isList) throw httpError(400, `group.${key} must be a list of at most ${MAX_NAMES} names`);
  return names as readonly string[];
}
