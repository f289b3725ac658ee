/** `/hub/home`: one's servers and the one next step; and the forms that stop and add servers without a script. */
import type { FastifyInstance } from 'fastify';
import { escapeName } from '../../core/model/names.js';
import {
  isValidDisplayName,
  isValidServerName,
  normalizeDisplayName,
  safeSlug,
} from '../../core/wire/slug.js';
import { time } from '../api/models.js';
import { httpError } from '../http/errors.js';
import { formBody } from '../http/form.js';
import { SIGNED_IN } from '../http/route-config.js';
import { requesterOf } from '../principal.js';
import type { SpawnerRecord, UserRecord } from '../store/types.js';
import { hubPath, type PageContext, page, type ServerStatus, signedInUser, templateUser } from './context.js';
import { sharedServers } from './shared-servers.js';

/** Milliseconds that a form's stop waits before the browser goes on to the page that says so. */
const STOP_WAIT_MS = 5000;

interface ServerParams {
  user_name: string;
  server_name?: string;
}

export function registerHome(app: FastifyInstance, context: PageContext): void {
  const { store, servers, urls } = context;

  app.get(`${urls.hubPrefix}home`, { config: { access: SIGNED_IN } }, async (request, reply) => {
    const user = signedInUser(request);
    await servers.check(user, '');
    const spawners = await store.spawners.byUser(user.id);
    const rows = spawners.map((spawner) => serverRow(context, user, spawner));
    return page(context, request, reply, 'home.html', {
      user: templateUser(user, servers),
      url: hubPath(urls, 'spawn', user.name, ''),
      default_server: rows.find((row) => row.name === '') ?? { name: '', state: 'stopped' },
      named_servers: rows.filter((row) => row.name !== ''),
      named_server_limit_per_user: await context.namedServerLimit(request),
      invalid_server_names: spawners
        .map(({ name }) => name)
        .filter((name) => name !== '' && !isValidServerName(name)),
      shared_servers: await sharedServers(context, request, user),
      spawners: rows,
      allow_named_servers: context.allowNamedServers,
      shared_account: context.sharedAccount,
    });
  });

  app.post(`${urls.hubPrefix}home`, { config: { access: SIGNED_IN } }, async (request, reply) => {
    if (!context.allowNamedServers) throw httpError(400, 'Named servers are not enabled.');
    const user = signedInUser(request);
    const form = await formBody(request.body, request.headers['content-type']);
    const displayName = normalizeDisplayName((form.fields.get('display_name')?.[0] ?? '').trim());
    if (!isValidDisplayName(displayName)) {
      throw httpError(400, 'A server name has 1 to 255 printable characters with single blanks inside');
    }
    const target = hubPath(urls, 'spawn', user.name, safeSlug(displayName));
    return reply.redirect(`${target}?display_name=${encodeURIComponent(displayName)}`, 303);
  });

  for (const path of [`${urls.hubPrefix}stop/:user_name`, `${urls.hubPrefix}stop/:user_name/:server_name`]) {
    app.post<{ Params: ServerParams }>(
      path,
      { config: { access: { kind: 'signed-in', scopes: ['delete:servers'] }, server: 'default' } },
      async (request, reply) => {
        const { user_name: userName, server_name: serverName = '' } = request.params;
        const user = await store.users.byName(userName);
        if (!user) throw httpError(404, `No such user: ${userName}`);
        const form = await formBody(request.body, request.headers['content-type']);
        const by = requesterOf(request.principal, user);
        await servers.stop(user, serverName, { waitMs: STOP_WAIT_MS, by });
        if (form.fields.has('remove') && serverName !== '') await servers.remove(user, serverName);
        const stopping = servers.status(user, serverName).pending === 'stop';
        // The page on which the button was, e.g. that of administrators.
        const back = context.sessions.validated(request, form.fields.get('next')?.at(-1) ?? '');
        const target = stopping
          ? hubPath(urls, 'spawn-pending', userName, serverName)
          : `${urls.hubPrefix}home`;
        return reply.redirect(back || target, 303);
      },
    );
  }
}

function serverRow(context: PageContext, user: UserRecord, spawner: SpawnerRecord) {
  const status = context.servers.status(user, spawner.name);
  return {
    name: spawner.name,
    display_name: spawner.displayName,
    escaped_name: escapeName(spawner.name),
    url: context.servers.url(user, spawner.name),
    state: stateWord(status),
    active: status.ready || status.pending !== null,
    ready: status.ready,
    pending: status.pending,
    started: time(spawner.started),
    last_activity: time(spawner.lastActivity),
    failure: status.failure?.message,
  };
}

/** The word on the chip. */
function stateWord(
  status: ServerStatus,
): 'ready' | 'queued' | 'starting' | 'stopping' | 'stopped' | 'failed' {
  if (status.pending === 'stop') return 'stopping';
  if (status.queue) return 'queued';
  if (status.pending !== null) return 'starting';
  if (status.ready) return 'ready';
  return status.failure ? 'failed' : 'stopped';
}
