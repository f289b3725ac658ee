/**
 * `/hub/spawn-pending/…`: live progress, why a start failed, or on to the server (JupyterHub 6.1.1
 * SpawnPendingHandler). Reading this page never starts anything.
 */
import type { FastifyInstance } from 'fastify';
import { escapeName } from '../../core/model/names.js';
import { formEncode, withQuery } from '../../core/wire/next-url.js';
import { httpError } from '../http/errors.js';
import type { RouteAccess } from '../http/route-config.js';
import { waitInWords } from '../lifecycle/index.js';
import { hubPath, type PageContext, page, type ServerStatus, signedInUser, templateUser } from './context.js';
import type { ServerParams } from './spawn.js';

export function registerSpawnPending(app: FastifyInstance, context: PageContext): void {
  const access: RouteAccess = { kind: 'signed-in', scopes: ['servers'] };
  const base = `${context.urls.hubPrefix}spawn-pending/:user_name`;
  for (const url of [base, `${base}/:server_name`]) {
    app.get<{ Params: ServerParams }>(
      url,
      { config: { access, server: 'default' } },
      async (request, reply) => {
        const { user_name: userName = '', server_name: serverName = '' } = request.params;
        const user = await context.store.users.byName(userName);
        if (!user) throw httpError(404, `No such user: ${userName}`);
        const spawner = await context.store.spawners.find(user.id, serverName);
        if (serverName !== '' && !spawner)
          throw httpError(404, `${user.name} has no such server ${serverName}`);

        const status = context.servers.status(user, serverName);
        const variables = {
          user: templateUser(user, context.servers),
          server_name: serverName,
          for_other: user.id !== signedInUser(request).id,
        };
        if (status.ready) {
          const own = context.servers.url(user, serverName);
          return reply.redirect(await context.sessions.nextUrl(request, user, { fallback: own }), 302);
        }
        if (status.pending === 'stop') return page(context, request, reply, 'stop_pending.html', variables);
        if (status.pending !== null) {
          const xsrf = context.sessions.xsrfToken(request, reply);
          return page(context, request, reply, 'spawn_pending.html', {
            ...variables,
            ...queueOf(status),
            progress_url: `${progressPath(context, user.name, serverName)}?_xsrf=${formEncode(xsrf)}`,
            stop_url: hubPath(context.urls, 'stop', user.name, serverName),
          });
        }
        const spawnUrl = hubPath(context.urls, 'spawn', user.name, serverName);
        const { failure } = status;
        if (failure) reply.code(failure.status);
        const next = (request.query as Readonly<Record<string, unknown>>)['next'];
        return page(context, request, reply, 'not_running.html', {
          ...variables,
          spawn_url: typeof next === 'string' ? withQuery(spawnUrl, [['next', next]]) : spawnUrl,
          failed: failure !== undefined,
          failed_message: failure?.message,
          failed_html_message: failure?.htmlMessage,
          failed_output: failure?.output,
          incident: failure?.incident,
        });
      },
    );
  }
}

/** Where a start stands that waits for its turn. */
function queueOf({ queue }: ServerStatus) {
  if (!queue) return {};
  const { place, length, seconds } = queue;
  return {
    queue_place: place,
    queue_length: length,
    ...(seconds !== undefined && { queue_wait: waitInWords(seconds) }),
  };
}

function progressPath(context: PageContext, user: string, server: string): string {
  const base = `${context.urls.hubPrefix}api/users/${escapeName(user)}`;
  return server === '' ? `${base}/server/progress` : `${base}/servers/${escapeName(server)}/progress`;
}
