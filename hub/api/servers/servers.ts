/** `/users/:name/server` and `/users/:name/servers/:server` (JupyterHub 6.1.1 apihandlers/users.py). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonObject, type JsonObject } from '../../../core/model/json.js';
import type { ServerName } from '../../../core/model/names.js';
import { parseServerName } from '../../../core/model/names.js';
import { safeText } from '../../../core/wire/scrub.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { pythonRepr } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import type { NamedServers } from '../../named-servers.js';
import { type Requester, requesterOf } from '../../principal.js';
import { Visibility } from '../../rbac/index.js';
import type { SpawnerRecord, UserRecord } from '../../store/types.js';
import { type ApiContext, findUser } from '../context.js';
import { type Pending, type ServerView, serverModel, type UrlRoots } from '../models.js';
import { withoutState } from '../users/user-models.js';
import { serverEndpoints } from './endpoints.js';
import { serverBody } from './server-body.js';

/** The part of `hub/lifecycle` that these endpoints use. */
export interface ApiServers {
  /** @throws Fault 400 in words for options that the spawner does not offer */
  checkOptions(user: UserRecord, server: string, options: JsonObject): Promise<void>;
  status(user: UserRecord, server: string): { readonly pending: Pending | null; readonly ready: boolean };
  /** Polls a ready server; false when it had died and has been cleaned up. */
  check(user: UserRecord, server: string): Promise<boolean>;
  /** @throws Fault */
  start(
    user: UserRecord,
    server: string,
    request: {
      readonly options: JsonObject | null;
      readonly displayName?: string | undefined;
      readonly waitMs: number;
      readonly by: Requester;
    },
  ): Promise<void>;
  /** Stops, or cancels a start; resolves after `waitMs` at the latest. */
  stop(
    user: UserRecord,
    server: string,
    request: { readonly waitMs: number; readonly by: Requester },
  ): Promise<void>;
  /** Forgets a named server once it has stopped. */
  remove(user: UserRecord, server: string): Promise<void>;
  rename(user: UserRecord, from: string, to: ServerName): Promise<void>;
  view(user: UserRecord, spawner: SpawnerRecord): ServerView;
}

export interface ServerApiOptions {
  readonly servers: ApiServers;
  readonly named: NamedServers;
  readonly urls: UrlRoots;
  /** `tornado_settings.slow_spawn_timeout` and `slow_stop_timeout`, milliseconds. */
  readonly slowSpawnMs: number;
  readonly slowStopMs: number;
}

type Params = { user_name: string; server_name?: string };
type ServerRequest = FastifyRequest<{ Params: Params }>;

export function registerServers(app: FastifyInstance, context: ApiContext, options: ServerApiOptions): void {
  const endpoints = new ServerEndpoints(context, options);
  const start = { access: scopes('start:servers'), server: 'default' } as const;
  const base = `${context.prefix}users/:user_name`;
  for (const url of [`${base}/server`, `${base}/servers/:server_name`, `${base}/servers/`]) {
    const say = serverEndpoints(url.endsWith(':server_name') ? '-name' : '');
    app.get<{ Params: Params }>(
      url,
      { config: { access: scopes('read:servers'), server: 'default', endpoint: say.read } },
      (request) => endpoints.read(request),
    );
    app.put<{ Params: Params }>(url, { config: { ...start, endpoint: say.create } }, (request, reply) =>
      endpoints.create(request, reply),
    );
    app.post<{ Params: Params }>(url, { config: { ...start, endpoint: say.start } }, (request, reply) =>
      endpoints.start(request, reply),
    );
    app.patch<{ Params: Params }>(url, { config: { ...start, endpoint: say.change } }, (request, reply) => {
      // The one answer that JupyterHub sends with a charset.
      reply.type('application/json; charset=UTF-8');
      return endpoints.change(request);
    });
    app.delete<{ Params: Params }>(
      url,
      { config: { access: scopes('delete:servers'), server: 'default', endpoint: say.stop } },
      (request, reply) => endpoints.stop(request, reply),
    );
  }
}

class ServerEndpoints {
  readonly #context: ApiContext;
  readonly #options: ServerApiOptions;

  constructor(context: ApiContext, options: ServerApiOptions) {
    this.#context = context;
    this.#options = options;
  }

  async read(request: ServerRequest): Promise<JsonObject> {
    const { user, name } = await this.#target(request);
    const spawner = await this.#context.store.spawners.find(user.id, name);
    if (!spawner) throw httpError(404);
    return this.#model(request, user, spawner);
  }

  /** Makes a named server without starting it. */
  async create(request: ServerRequest, reply: FastifyReply): Promise<JsonObject> {
    const { store } = this.#context;
    const { user, name } = await this.#target(request, true);
    if (name === '') throw httpError(409, `User ${user.name} already has a default server`);
    if (await store.spawners.find(user.id, name)) {
      throw httpError(409, `User ${user.name} already has server ${name}`);
    }
    const body = serverBody(request.body);
    const displayName = body.displayName ?? name;
    await this.#options.named.check(user, name, displayName, { requester: request });
    if (body.userOptions) await this.#options.servers.checkOptions(user, name, body.userOptions);
    const spawner = await store.spawners.create({ userId: user.id, name, displayName });
    if (body.userOptions && Object.keys(body.userOptions).length > 0) {
      await store.spawners.update(spawner.id, { userOptions: body.userOptions });
    }
    reply.code(201);
    return this.#model(request, user, (await store.spawners.byId(spawner.id)) ?? spawner);
  }

  async start(request: ServerRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { servers, named, slowSpawnMs } = this.#options;
    const { user, name } = await this.#target(request, true);
    const body = serverBody(request.body);
    if (name !== '') await named.check(user, name, body.displayName ?? name, { requester: request });
    const { pending, ready } = servers.status(user, name);
    if (pending === 'spawn') return empty(reply, 202);
    if (pending !== null) throw httpError(400, `${logName(user, name)} is pending ${pending}`);
    if (ready && (await servers.check(user, name))) {
      throw httpError(400, `${logName(user, name)} is already running`);
    }
    const displayName = await named.displayNameFor(user, name, body.displayName);
    const by = requesterOf(request.principal, user);
    await servers.start(user, name, { options: body.userOptions, displayName, waitMs: slowSpawnMs, by });
    return empty(reply, servers.status(user, name).pending === 'spawn' ? 202 : 201);
  }

  async change(request: ServerRequest): Promise<JsonObject> {
    const { store } = this.#context;
    const { user, text, name } = await this.#named(request);
    const wanted = readChange(jsonBody(request.body));
    const { named, servers } = this.#options;
    const newDisplayName = wanted.displayName ?? wanted.name;
    if (wanted.name !== undefined) {
      await named.check(user, wanted.name, newDisplayName, { requester: request, checkLimit: text === '' });
    } else if (newDisplayName) {
      await named.check(user, text, newDisplayName, { requester: request, checkLimit: false });
    }
    const spawner = name === undefined ? undefined : await store.spawners.find(user.id, name);
    if (name === undefined || !spawner) {
      throw httpError(404, `User ${user.name} has no such server ${pythonRepr(text)}`);
    }
    const status = servers.status(user, name);
    if (status.ready || status.pending !== null) {
      throw httpError(400, `${logName(user, name)} is active. Please stop it before modifying it.`);
    }
    if (wanted.userOptions) await servers.checkOptions(user, name, wanted.userOptions);
    if (wanted.name !== undefined) {
      if (await store.spawners.find(user.id, wanted.name)) {
        throw httpError(409, `User ${user.name} already has server '${wanted.name}'`);
      }
      await servers.rename(user, name, wanted.name);
    }
    if (wanted.userOptions) await store.spawners.update(spawner.id, { userOptions: wanted.userOptions });
    if (wanted.displayName) await store.spawners.update(spawner.id, { displayName: wanted.displayName });
    return this.#model(request, user, (await store.spawners.byId(spawner.id)) ?? spawner);
  }

  async stop(request: ServerRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { servers, named, slowStopMs } = this.#options;
    const { user, text, name } = await this.#named(request);
    const body = jsonBody(request.body);
    const remove = isJsonObject(body) && Boolean(body['remove']);
    if (text !== '' && !named.allowed) throw httpError(400, 'Named servers are not enabled.');
    if (name === undefined || (name !== '' && !(await this.#context.store.spawners.find(user.id, name)))) {
      throw httpError(404, `${user.name} has no server named '${text}'`);
    }
    if (name === '' && remove) throw httpError(400, 'Cannot delete the default server');
    const { pending, ready } = servers.status(user, name);
    if (pending === 'rename') throw httpError(400, 'Cannot stop a server while it is being renamed');
    const by = requesterOf(request.principal, user);
    if (pending !== null || ready) await servers.stop(user, name, { waitMs: slowStopMs, by });
    const stopping = servers.status(user, name).pending === 'stop';
    if (remove) {
      const removal = servers.remove(user, name);
      if (!stopping) await removal;
      else
        removal.catch((error: unknown) =>
          this.#context.log.error('server not removed', { error: String(error) }),
        );
    }
    return empty(reply, stopping ? 202 : 204);
  }

  /** @throws Fault 404; for a text that names no server, when one is to be made, 400 as for any new bad name */
  async #target(
    request: ServerRequest,
    making = false,
  ): Promise<{ readonly user: UserRecord; readonly name: ServerName }> {
    const { user, text, name } = await this.#named(request);
    if (name !== undefined) return { user, name };
    if (making) await this.#options.named.check(user, text, text, { requester: request });
    throw httpError(making ? 400 : 404);
  }

  /** The text as it was asked for, and the name unless it is none that a server could have. @throws Fault 404 */
  async #named(
    request: ServerRequest,
  ): Promise<{ readonly user: UserRecord; readonly text: string; readonly name: ServerName | undefined }> {
    const user = await findUser(this.#context.store, request.params.user_name);
    const text = request.params.server_name ?? '';
    return { user, text, name: parseServerName(text) };
  }

  async #model(request: ServerRequest, user: UserRecord, spawner: SpawnerRecord): Promise<JsonObject> {
    const groups = await this.#context.store.groups.byUser(user.id);
    const seen = { name: user.name, groups: groups.map((group) => group.name) };
    const model = serverModel(user, this.#options.servers.view(user, spawner), this.#options.urls);
    const shown = new Visibility(request.access.scopes).serverState(seen, spawner.name);
    return shown ? model : withoutState(model);
  }
}

interface Change {
  readonly name: ServerName | undefined;
  readonly displayName: string | undefined;
  readonly userOptions: JsonObject | undefined;
}

const FIELDS = ['name', 'display_name', 'user_options'];

/** @throws Fault 400 */
function readChange(body: unknown): Change {
  if (!isJsonObject(body) || Object.keys(body).length === 0) {
    throw httpError(400, 'Must specify at least one field to modify.');
  }
  const unknown = Object.keys(body).filter((key) => !FIELDS.includes(key));
  if (unknown.length > 0) {
    throw httpError(
      400,
      `Unexpected fields: ${safeText(unknown.join(', '), 200)}, supported fields: ${FIELDS.join(',')}`,
    );
  }
  const { name, display_name: displayName, user_options: userOptions } = body;
  if (name !== undefined && name !== null && typeof name !== 'string')
    throw httpError(400, 'name must be a string');
  if (displayName !== undefined && displayName !== null && typeof displayName !== 'string') {
    throw httpError(400, 'display_name must be a string');
  }
  if (userOptions !== undefined && !isJsonObject(userOptions))
    throw httpError(400, 'user_options must be a dict');
  const parsed = typeof name === 'string' ? parseServerName(name) : undefined;
  if (typeof name === 'string' && parsed === undefined)
    throw httpError(400, `Invalid server_name: ${pythonRepr(name)}`);
  return { name: parsed, displayName: displayName || undefined, userOptions };
}

function logName(user: UserRecord, server: string): string {
  return server === '' ? user.name : `${user.name}:${server}`;
}

function empty(reply: FastifyReply, status: number): FastifyReply {
  reply.code(status).type('text/plain');
  return reply.send('');
}
