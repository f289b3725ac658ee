/** `GET …/progress`: events of a start as server-sent events (JupyterHub 6.1.1 apihandlers/users.py). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../../core/fault.js';
import { httpError } from '../../http/errors.js';
import { scopes } from '../../http/route-config.js';
import type { SpawnerRecord, UserRecord } from '../../store/types.js';
import { type ApiContext, findUser } from '../context.js';
import { serverEndpoints } from './endpoints.js';

/** Empty lines keep intermediate proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 8000;

export interface ProgressSource {
  /**
   * Events until ready or failed; one event when it is over already.
   * @throws Fault 400 when nothing is starting and nothing has failed
   */
  progress(user: UserRecord, server: string): AsyncIterable<object>;
  /** A start is under way: the stream will last. */
  isStarting(user: UserRecord, server: string): boolean;
}

type Params = { user_name: string; server_name?: string };

export function registerProgress(app: FastifyInstance, context: ApiContext, source: ProgressSource): void {
  const base = `${context.prefix}users/:user_name`;
  for (const url of [
    `${base}/server/progress`,
    `${base}/servers/:server_name/progress`,
    `${base}/servers//progress`,
  ]) {
    app.get<{ Params: Params }>(
      url,
      {
        config: {
          access: scopes('read:servers'),
          server: 'default',
          endpoint: serverEndpoints(url.includes(':server_name') ? '-name' : '').progress,
        },
      },
      async (request, reply) => {
        const user = await findUser(context.store, request.params.user_name);
        const name = request.params.server_name ?? '';
        const spawner = await context.store.spawners.find(user.id, name);
        if (!spawner) throw httpError(404);
        const events = eventsOf(source, user, spawner);
        await stream(request, reply, events, source.isStarting(user, name));
        return reply;
      },
    );
  }
}

/** @throws Fault 404 for a default server that was never started, 400 for one that is not starting now */
function eventsOf(source: ProgressSource, user: UserRecord, spawner: SpawnerRecord): AsyncIterable<object> {
  try {
    return source.progress(user, spawner.name);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // A named server is there from the moment it is made, the default one from its first start.
    if (spawner.name === '' && spawner.lastActivity === null) throw httpError(404);
    const label = spawner.name === '' ? user.name : `${user.name}:${spawner.name}`;
    throw httpError(400, `${label} is not starting...`);
  }
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  events: AsyncIterable<object>,
  lasting: boolean,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  for (const cookie of request.session?.setCookies ?? []) raw.appendHeader('Set-Cookie', cookie);
  raw.setHeader('Content-Type', 'text/event-stream');
  raw.setHeader('Cache-Control', 'no-cache');
  raw.writeHead(200);
  if (lasting) raw.write('\n\n');
  const keepAlive = setInterval(() => raw.write('\n\n'), KEEP_ALIVE_MS);
  try {
    for await (const event of events) {
      if (raw.destroyed) break;
      raw.write(`data: ${JSON.stringify(event)}\n\n`);
    }
  } finally {
    clearInterval(keepAlive);
    raw.end();
  }
}
