/** `POST /users`, `POST|PATCH|DELETE /users/:name` (JupyterHub 6.1.1 apihandlers/users.py). */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf } from '../../../core/fault.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/model/json.js';
import type { UserName } from '../../../core/model/names.js';
import { safeText } from '../../../core/wire/scrub.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { pythonRepr } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import {
  assignDefaultRoles,
  demandAdminRule,
  isAdmin,
  ownerName,
  ownerOf,
  setAdmin,
} from '../../rbac/index.js';
import type { Store, UserRecord } from '../../store/types.js';
import { checkUserModel, elementsOf } from '../body-model.js';
import { type ApiContext, findUser } from '../context.js';
import { CHANGE_USER, CREATE_USER, CREATE_USERS, DELETE_USER } from './endpoints.js';

/** What the authenticator and the life cycle do when users come and go. */
export interface People {
  normalize(name: string): string;
  /** `undefined`: the name is not valid here. */
  validate(name: string): UserName | undefined;
  /** The authenticator's `add_user`. */
  added(name: UserName): Promise<void>;
  removed(name: UserName): Promise<void>;
  saveAuthState(user: UserRecord, state: JsonObject | null): Promise<void>;
  /**
   * Stops and forgets all servers, then has `remove` delete the user; none starts meanwhile.
   * @throws Fault 400 while a server is stopping
   */
  removeWithServers(user: UserRecord, remove: () => Promise<void>): Promise<void>;
  /** Has `write` give the user another name; no server starts meanwhile. @throws Fault 400 while one is active */
  rename(user: UserRecord, write: () => Promise<void>): Promise<void>;
}

type Params = { user_name: string };
/** Names in one request. */
const MAX_NAMES = 10_000;

export function registerUserWrites(app: FastifyInstance, context: ApiContext, people: People): void {
  const { store, prefix } = context;
  const access = scopes('admin:users');

  app.post(`${prefix}users`, { config: { access, endpoint: CREATE_USERS } }, async (request, reply) => {
    const body = jsonBody(request.body);
    const names = isJsonObject(body) ? (elementsOf(body['usernames']) ?? []) : [];
    if (!isJsonObject(body) || names.length === 0)
      throw httpError(400, 'Must specify at least one user to create');
    const { usernames: _names, ...rest } = body;
    checkUserModel(rest);
    const makeAdmin = rest['admin'] === true;
    if (makeAdmin && !isAdmin(request.principal))
      throw httpError(403, 'Only admins can grant admin permissions');
    const wanted = validNames(people, names);
    const existing = new Set((await store.users.byNames(wanted)).map((user) => user.name));
    const fresh = wanted.filter((name) => !existing.has(name));
    if (fresh.length === 0) throw httpError(409, `All ${wanted.length} users already exist`);
    const created = await createAll(context, people, fresh, makeAdmin);
    reply.code(201);
    return context.models.visible(created, request.access.scopes, { stoppedServers: false });
  });

  app.post<{ Params: Params }>(
    `${prefix}users/:user_name`,
    { config: { access, endpoint: CREATE_USER } },
    async (request, reply) => {
      const body = jsonBody(request.body);
      const name = request.params.user_name;
      if (await store.users.byName(name)) throw httpError(409, `User ${name} already exists`);
      if (body !== null) checkUserModel(body);
      const makeAdmin = isJsonObject(body) && body['admin'] === true;
      if (makeAdmin && !isAdmin(request.principal))
        throw httpError(403, 'Only admins can grant admin permissions');
      const valid = people.validate(name);
      if (valid === undefined) throw httpError(400, `Failed to create user: ${safeText(name)}`);
      const [user] = await createAll(context, people, [valid], makeAdmin);
      reply.code(201);
      return one(context, request, user as UserRecord);
    },
  );

  app.patch<{ Params: Params }>(
    `${prefix}users/:user_name`,
    { config: { access, endpoint: CHANGE_USER } },
    async (request) => {
      const user = await findUser(store, request.params.user_name);
      const body = jsonBody(request.body);
      checkUserModel(body);
      if (!isJsonObject(body)) throw httpError(400, 'Invalid JSON data');
      const changed = await change(context, people, request, user, body);
      return { ...(await one(context, request, changed)), auth_state: await context.authState(changed) };
    },
  );

  app.delete<{ Params: Params }>(
    `${prefix}users/:user_name`,
    { config: { access: scopes('delete:users'), endpoint: DELETE_USER } },
    async (request, reply) => {
      const user = await findUser(store, request.params.user_name);
      const owner = ownerOf(request.principal);
      if (owner && ownerName(owner) === user.name) throw httpError(400, 'Cannot delete yourself!');
      await deleteUser(store, people, user);
      return reply.code(204).send();
    },
  );
}

/** With all servers, tokens and what the authenticator keeps. @throws Fault 400 while a server is stopping */
export async function deleteUser(
  store: Pick<Store, 'users'>,
  people: Pick<People, 'removeWithServers' | 'removed'>,
  user: UserRecord,
): Promise<void> {
  await people.removeWithServers(user, async () => {
    await people.removed(user.name);
    await store.users.delete(user.id);
  });
}

function validNames(people: People, list: readonly JsonValue[]): readonly UserName[] {
  if (list.length > MAX_NAMES) throw httpError(400, `At most ${MAX_NAMES} users can be created at once`);
  const valid: UserName[] = [];
  const invalid: string[] = [];
  for (const each of list) {
    const normal = typeof each === 'string' ? people.normalize(each) : undefined;
    const name = normal === undefined ? undefined : people.validate(normal);
    if (name === undefined) invalid.push(safeText(normal ?? String(each)));
    else if (!valid.includes(name)) valid.push(name);
  }
  if (invalid.length === 1) throw httpError(400, `Invalid username: ${invalid[0]}`);
  if (invalid.length > 1) throw httpError(400, `Invalid usernames: ${invalid.slice(0, 20).join(', ')}`);
  return valid;
}

async function createAll(
  context: ApiContext,
  people: People,
  names: readonly UserName[],
  admin: boolean,
): Promise<readonly UserRecord[]> {
  const { store, log } = context;
  const created = await store.transaction(async (repositories) => {
    const users = await repositories.users.createMany(names, admin);
    for (const user of users) await assignDefaultRoles(repositories, { kind: 'user', id: user.id, admin });
    return users;
  });
  for (const user of created) {
    try {
      await people.added(user.name);
    } catch (error) {
      log.error('the authenticator could not add a user', { user: user.name, error: messageOf(error) });
      await people.removeWithServers(user, () => store.users.delete(user.id));
      throw httpError(400, `Failed to create user ${user.name}: ${messageOf(error)}`);
    }
  }
  return created;
}

async function change(
  context: ApiContext,
  people: People,
  request: FastifyRequest,
  user: UserRecord,
  body: JsonObject,
): Promise<UserRecord> {
  const { store } = context;
  refuseNames(body);
  const newName = await newNameOf(context, people, user, body['name']);
  const admin = typeof body['admin'] === 'boolean' ? body['admin'] : undefined;
  demandAdminRule(request.principal, { admin }, user);
  const write = async (): Promise<void> => {
    if (body['auth_state'] !== undefined)
      await people.saveAuthState(user, body['auth_state'] as JsonObject | null);
    await store.transaction(async (repositories) => {
      if (newName !== undefined) await repositories.users.update(user.id, { name: newName });
      if (admin !== undefined) await setAdmin(repositories, user, admin);
      if (body['groups'] !== undefined) await repositories.groups.setUserGroups(user.id, []);
      if (body['roles'] !== undefined) await repositories.roles.stripAll('user', user.id);
    });
  };
  await (newName === undefined ? write() : people.rename(user, write));
  return (await store.users.byId(user.id)) ?? user;
}

async function newNameOf(
  context: ApiContext,
  people: People,
  user: UserRecord,
  value: JsonValue | undefined,
): Promise<UserName | undefined> {
  if (typeof value !== 'string' || value === user.name) return undefined;
  const name = people.validate(people.normalize(value));
  if (name === undefined) throw httpError(400, `Invalid username: ${pythonRepr(people.normalize(value))}`);
  if (await context.store.users.byName(name)) {
    throw httpError(400, `User ${name} already exists, username must be unique`);
  }
  return name;
}

/** JupyterHub clears with `[]` and fails with 500 on names, which have endpoints of their own. */
function refuseNames(body: JsonObject): void {
  for (const key of ['groups', 'roles']) {
    const list = body[key];
    if (Array.isArray(list) && list.length > 0) {
      throw httpError(400, `user.${key} can only be cleared here; memberships are changed through /${key}`);
    }
  }
}

async function one(context: ApiContext, request: FastifyRequest, user: UserRecord): Promise<JsonObject> {
  const [model] = await context.models.visible([user], request.access.scopes, { stoppedServers: false });
  return model ?? {};
}
