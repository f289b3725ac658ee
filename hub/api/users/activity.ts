/** `POST /users/:name/activity` (JupyterHub 6.1.1 ActivityAPIHandler). */
import type { FastifyInstance } from 'fastify';
import { isJsonObject, type JsonValue } from '../../../core/model/json.js';
import { isoTimestamp, type Timestamp, timestamp } from '../../../core/model/time.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy, pythonRepr } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import type { SpawnerRecord, Store } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { ACTIVITY_OF_USER } from './endpoints.js';

const MAX_FUTURE_MS = 59 * 60 * 1000;
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

const ISO =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * ISO 8601, naive times being UTC; other forms that Python's dateutil also guesses at go through `Date`.
 * @throws Fault 400 when it is no time, or more than 59 minutes ahead
 */
function parseActivity(value: JsonValue, nowMs: number): Timestamp {
  const millis = typeof value === 'string' ? millisOf(value.trim()) : Number.NaN;
  if (!Number.isFinite(millis) || millis < 0 || millis > 253_402_300_799_999) {
    throw httpError(400, `Not a valid timestamp: ${pythonRepr(value)}`);
  }
  const time = timestamp(millis);
  if (millis - nowMs > MAX_FUTURE_MS) {
    throw httpError(400, `Rejecting activity from more than an hour in the future: ${isoTimestamp(time)}`);
  }
  return time;
}

function millisOf(text: string): number {
  if (text.length > 64) return Number.NaN;
  const match = ISO.exec(text);
  if (!match) return Date.parse(text);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^[+-]/.test(zone)
    ? zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_all, h, m) => `${h}:${m ?? '00'}`)
    : 'Z';
  const whole = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  const micros = Number(`${fraction}000000`.slice(0, 6));
  return whole + micros / 1000;
}
