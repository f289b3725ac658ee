/**
 * `/hub/user/…`: where a request for a server ends that the proxy has no route for (in the
 * order of JupyterHub 6.1.1 UserUrlHandler). It never starts a server.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../core/clock.js';
import { escapeName, serverPath } from '../../core/model/names.js';
import { JUPYTERHUB_VERSION } from '../../core/version.js';
import { withQuery } from '../../core/wire/next-url.js';
import { httpError } from '../http/errors.js';
import { PUBLIC, type RouteAccess, SIGNED_IN } from '../http/route-config.js';
import { sessionOf } from '../session/index.js';
import type { UserRecord } from '../store/types.js';
import { originOf } from '../urls.js';
import { hubPath, type PageContext, page, templateUser } from './context.js';

export interface UserUrlOptions {
  readonly clock: Clock;
  /** 424, or 503 with `use_legacy_stopped_server_status_code`. */
  readonly stoppedStatus: number;
  readonly implicitSpawnSeconds: number;
  /** `tornado_settings.user_redirect_limit` */
  readonly redirectLimit: number;
  /** `default_server_name` and `user_redirect_hook`. */
  readonly defaultServerName: string;
  readonly redirectHook: ((path: string, request: unknown, user: unknown, baseUrl: string) => unknown) | null;
}

type Params = { user_name: string; '*'?: string };

export function registerUserUrl(app: FastifyInstance, context: PageContext, options: UserUrlOptions): void {
  const { urls } = context;
  // Scripts come with tokens; asking for a server that is not there is no activity.
  const credentials = { tokens: true, cookieActivity: false } as const;
  // `visit` asks for the scope, which a service may hold as well as a user.
  const access: RouteAccess = { kind: 'signed-in', services: true };
  for (const url of [`${urls.hubPrefix}user/:user_name`, `${urls.hubPrefix}user/:user_name/*`]) {
    app.get<{ Params: Params }>(url, { config: { access, ...credentials } }, (request, reply) =>
      visit(context, options, request, reply),
    );
    // Scripts that outlived their server get JSON whoever they are.
    app.route<{ Params: Params }>({
      method: ['POST', 'PATCH', 'DELETE'],
      url,
      config: { access: PUBLIC, xsrf: 'page', ...credentials },
      handler: async (request, reply) => {
        const own =
          request.principal.kind === 'user' && request.principal.user.name === request.params.user_name;
        const server =
          own && request.principal.kind === 'user'
            ? await pickServer(context, request.principal.user, request)
            : '';
        return failScript(context, options, request, reply, request.params.user_name, server);
      },
    });
  }
  app.get<{ Params: { '*': string } }>(
    `${urls.hubPrefix}user-redirect/*`,
    { config: { access: SIGNED_IN } },
    (request, reply) => redirectToOwn(context, options, request, reply),
  );
}

async function visit(
  context: PageContext,
  options: UserUrlOptions,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = request.params.user_name;
  const [first, ...rest] = pathBelow(request).split('/');
  const candidates = rest.length > 0 && first !== undefined ? ['', first] : [''];
  const allowed = await Promise.all(
    candidates.map((server) =>
      request.access.decide(['access:servers'], { kind: 'server', name: `${name}/${server}` }),
    ),
  );
  if (!allowed.some((each) => each.allowed))
    throw httpError(404, 'No access to resources or resources not found');
  const user = await context.store.users.byName(name);
  if (!user) throw httpError(404, `No such user ${name}`);
  const serverName = await pickServer(context, user, request);
  const status = context.servers.status(user, serverName);

  if (status.ready) return toServer(context, options, request, reply, user, serverName);
  if (prefersJson(request.headers.accept) || pathBelow(request).split('/').includes('api')) {
    return failScript(context, options, request, reply, user.name, serverName);
  }
  if (status.pending !== null || status.failure) {
    const pending = hubPath(context.urls, 'spawn-pending', user.name, serverName);
    return reply.redirect(withQuery(pending, [['next', request.url]]), 303);
  }
  reply.code(options.stoppedStatus);
  return page(context, request, reply, 'not_running.html', {
    user: templateUser(user, context.servers),
    server_name: serverName,
    spawn_url: withQuery(hubPath(context.urls, 'spawn', user.name, serverName), [['next', request.url]]),
    implicit_spawn_seconds: options.implicitSpawnSeconds,
    auto_start: options.implicitSpawnSeconds > 0,
  });
}

/** The path after the user's name, without leading slash, decoded. */
function pathBelow(request: FastifyRequest): string {
  return (request.params as Params)['*'] ?? '';
}

/** The first path part when it names a server of that user, else the default server. */
async function pickServer(context: PageContext, user: UserRecord, request: FastifyRequest): Promise<string> {
  if (!context.allowNamedServers) return '';
  const first = pathBelow(request).split('/', 1)[0] ?? '';
  if (first === '') return '';
  return (await context.store.spawners.find(user.id, first)) ? first : '';
}

/** JSON for a request that expects no page (JupyterHub's `_fail_api_request`). */
function failScript(
  context: PageContext,
  options: UserUrlOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  userName: string,
  serverName: string,
): FastifyReply {
  const { urls } = context;
  const path = request.url.split('?', 1)[0] ?? '';
  const parts = serverName === '' ? [userName] : [userName, serverName];
  const { protocol } = sessionOf(request).request;
  const spawnUrl = `${protocol}://${request.host}${urls.hubPrefix}spawn/${parts.map(escapeName).join('/')}`;
  const message = `JupyterHub server no longer running at ${path.slice(urls.hubPrefix.length - 1)}. Restart the server at ${spawnUrl}`;
  return reply.code(options.stoppedStatus).type('application/json').send(JSON.stringify({ message }));
}

/**
 * The server is ready but the proxy sent the browser here: its route is not there yet. Back, slower each time, and
 * not for ever.
 */
async function toServer(
  context: PageContext,
  options: UserUrlOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  user: UserRecord,
  serverName: string,
): Promise<FastifyReply> {
  const { origin, target } = placeAt(context, request, user, serverName);
  const redirects = countOf((request.query as Readonly<Record<string, unknown>>)['redirects']);
  const version = context.servers.serverVersion(user, serverName);
  const mismatch = version !== JUPYTERHUB_VERSION;
  if (redirects >= options.redirectLimit || (redirects >= 2 && mismatch)) {
    const hint = mismatch
      ? ` The server says version ${version ?? 'unknown'}, the hub speaks ${JUPYTERHUB_VERSION}.`
      : '';
    throw httpError(500, `Redirect loop detected.${hint}`);
  }
  if (redirects === 0) return reply.redirect(withQuery(target, [['redirects', '1']]), 302);
  context.log.warn('redirect loop', { user: user.name, server: serverName, redirects });
  await options.clock.sleep(Math.min(2 ** redirects, 10) * 1000);
  const url = new URL(target, 'http://hub.invalid');
  url.searchParams.set('redirects', String(redirects + 1));
  return reply.redirect(`${origin}${url.pathname}${url.search}`, 302);
}

/** What was asked for below the hub's prefix, where the server is: one that was started under another name is still there. */
function placeAt(
  { urls, servers }: PageContext,
  request: FastifyRequest,
  user: UserRecord,
  serverName: string,
): { readonly origin: string; readonly target: string } {
  const url = servers.url(user, serverName);
  const origin = originOf(url);
  if (url === `${origin}${serverPath(urls.baseUrl, user.name, serverName)}`) {
    return { origin, target: `${origin}${urls.baseUrl}${request.url.slice(urls.hubPrefix.length)}` };
  }
  const names = serverName === '' ? 1 : 2;
  const below = rawTail(request, `${urls.hubPrefix}user/`).split('/').slice(names).join('/');
  return { origin, target: `${url}${below}${queryOf(request)}` };
}

/** With its question mark. */
function queryOf(request: FastifyRequest): string {
  return request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
}

function countOf(value: unknown): number {
  return typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : 0;
}

async function redirectToOwn(
  context: PageContext,
  options: UserUrlOptions,
  request: FastifyRequest<{ Params: { '*': string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { urls } = context;
  if (request.principal.kind !== 'user') throw httpError(403);
  const { user } = request.principal;
  const path = rawTail(request, `${urls.hubPrefix}user-redirect/`);
  const own = await options.redirectHook?.(
    decodeURIComponent(path),
    request.raw,
    templateUser(user, context.servers),
    urls.baseUrl,
  );
  if (typeof own === 'string') return reply.redirect(own, 302);
  const server = options.defaultServerName;
  const base = context.servers.url(user, server);
  const spawn = hubPath(urls, 'spawn', user.name, server);
  return reply.redirect(withQuery(spawn, [['next', `${base}${path}${queryOf(request)}`]]), 302);
}

/** The path after a prefix as it was sent, still escaped. */
function rawTail(request: FastifyRequest, prefix: string): string {
  return (request.url.split('?', 1)[0] ?? '').slice(prefix.length);
}

/** Whether JSON is named before HTML; a wildcard names neither (JupyterHub's `get_accepted_mimetype`). */
function prefersJson(accept: string | undefined): boolean {
  let best: { readonly type: string; readonly quality: number } | undefined;
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    if (type !== 'application/json' && type !== 'text/html') continue;
    const q = parameters.find((each) => each.startsWith('q='));
    const quality = q === undefined ? 1 : Number.parseFloat(q.slice(2));
    if (best === undefined || quality > best.quality) best = { type, quality };
  }
  return best?.type === 'application/json';
}
