/** `POST /users/:name/activity` (JupyterHub 6.1.1 ActivityAPIHandler). */
import type { FastifyInstance } from 'fastify';
import { isJsonObject, type JsonValue } from '../../../core/model/json.js';
import type { Timestamp } from '../../../core/model/time.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy, pythonRepr } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import type { SpawnerRecord, Store } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { parseActivity } from './activity-time.js';
import { ACTIVITY_OF_USER } from './endpoints.js';

const SHAPE = 'servers must be a dict of the form {server_name: {last_activity: timestamp}}';

export function registerActivity(app: FastifyInstance, context: ApiContext): void {
  const { store, clock, prefix } = context;
  app.post<{ Params: { user_name: string } }>(
    `${prefix}users/:user_name/activity`,
    { config: { access: scopes('users:activity'), endpoint: ACTIVITY_OF_USER } },
    async (request, reply) => {
      const user = await store.users.byName(request.params.user_name);
      if (!user) throw httpError(404, `No such user: ${pythonRepr(request.params.user_name)}`);
      const body = jsonBody(request.body);
      if (!isJsonObject(body)) throw httpError(400, 'body must be a json dict');
      const { last_activity: at, servers } = body;
      if (!at && !isTruthy(servers)) {
        throw httpError(400, 'body must contain at least one of `last_activity` or `servers`');
      }
      const now = clock.now();
      const ofServers = isTruthy(servers) ? await serverActivity(store, user, servers, now) : new Map();
      const ofUser = at ? parseActivity(at, now) : undefined;
      if (ofUser) await context.activity.user(user, ofUser);
      for (const [spawner, time] of ofServers) await context.activity.server(spawner, time);
      return reply.code(200).send('');
    },
  );
}

async function serverActivity(
  store: Store,
  user: { readonly id: number; readonly name: string },
  servers: JsonValue,
  now: number,
): Promise<ReadonlyMap<SpawnerRecord, Timestamp>> {
  if (!isJsonObject(servers)) throw httpError(400, SHAPE);
  const spawners = new Map((await store.spawners.byUser(user.id)).map((each) => [each.name as string, each]));
  const activity = new Map<SpawnerRecord, Timestamp>();
  for (const [name, info] of Object.entries(servers)) {
    const spawner = spawners.get(name);
    if (!spawner) throw httpError(400, `No such server '${name}' for user ${user.name}`);
    if (!isJsonObject(info) || info['last_activity'] === undefined) throw httpError(400, SHAPE);
    activity.set(spawner, parseActivity(info['last_activity'], now));
  }
  return activity;
}
