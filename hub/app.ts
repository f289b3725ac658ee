/**
 * Builds the hub's Fastify instance: every layer and route in the order in which a request meets them. Does not listen,
 * does not touch the process; `hub.ts` makes the parts and runs it.
 *
 *   a turn → address check → session (who) → body → XSRF → gate (may they) → handler → headers, cookies
 */
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { messageOf } from '../core/fault.js';
import type { Log } from '../core/log.js';
import { turns } from '../core/turns.js';
import { scrubUrl } from '../core/wire/scrub.js';
import type { HubAddresses } from './addresses.js';
import type { ApiContext } from './api/context.js';
import { type GroupApiOptions, registerGroups } from './api/groups/groups.js';
import { type ProxyApiOptions, registerProxy } from './api/proxy/proxy.js';
import { type ProgressSource, registerProgress } from './api/servers/progress.js';
import { registerServers, type ServerApiOptions } from './api/servers/servers.js';
import { registerServices, type ServiceApiOptions } from './api/services/services.js';
import { registerShareCodes, type ShareCodeApiOptions } from './api/shares/share-codes.js';
import { registerShared } from './api/shares/shared.js';
import { registerShares } from './api/shares/shares.js';
import { type AuthorizationsOptions, registerAuthorizations } from './api/system/authorizations.js';
import { type InfoOptions, registerInfo } from './api/system/info.js';
import { registerShutdown, type ShutdownRequest } from './api/system/shutdown.js';
import { registerTokens, type TokenApiOptions } from './api/tokens/tokens.js';
import { registerActivity } from './api/users/activity.js';
import { registerAdminAccess } from './api/users/admin-access.js';
import { registerUserReads } from './api/users/read.js';
import { registerSelf } from './api/users/self.js';
import { type People, registerUserWrites } from './api/users/write.js';
import { installGate } from './http/authorize.js';
import { DEFAULT_BODY_LIMIT, installBodyParser } from './http/body.js';
import { answerClientError } from './http/client-errors.js';
import { answerError, type ErrorHandlingOptions, httpError, installErrorHandling } from './http/errors.js';
import { restoreUrl, restoreUrls, rewriteUrlBelow } from './http/escaped-prefix.js';
import { installHeaders } from './http/headers.js';
import { trackMethods } from './http/methods.js';
import { parseQuery } from './http/query.js';
import { requireDeclaredAccess } from './http/route-config.js';
import { refuseNameless } from './http/text.js';
import { type MetricsRouteOptions, registerMetrics } from './metrics/index.js';
import { registerOpenApi } from './openapi/index.js';
import { type AcceptShareOptions, registerAcceptShare } from './pages/accept-share.js';
import { type AdminOptions, registerAdmin } from './pages/admin/index.js';
import type { PageContext } from './pages/context.js';
import { errorPageText } from './pages/error-page.js';
import { registerHome } from './pages/home.js';
import { type LoginOptions, registerLogin } from './pages/login.js';
import { prefixRedirect, type RootOptions, registerRoot } from './pages/root.js';
import { registerSpawn } from './pages/spawn.js';
import { registerSpawnPending } from './pages/spawn-pending.js';
import { registerStatic, type StaticFile } from './pages/static.js';
import { registerTokenPage, type TokenPageOptions } from './pages/token.js';
import { registerUserUrl, type UserUrlOptions } from './pages/user-url.js';
import type { Rights } from './rbac/index.js';
import { registerSession, type Sessions } from './session/index.js';

export interface AppParts {
  readonly addresses: HubAddresses;
  readonly log: Log;
  readonly rights: Rights;
  readonly sessions: Sessions;
  readonly pages: PageContext;
  readonly api: ApiContext;
  readonly login: LoginOptions;
  readonly root: RootOptions;
  readonly userUrl: UserUrlOptions;
  readonly tokenPage: TokenPageOptions;
  readonly acceptShare: AcceptShareOptions;
  readonly admin: AdminOptions;
  readonly tokens: TokenApiOptions;
  readonly people: People;
  readonly servers: ServerApiOptions;
  readonly progress: ProgressSource;
  readonly groups: GroupApiOptions;
  readonly metrics: MetricsRouteOptions;
  readonly services: ServiceApiOptions;
  readonly shares: ShareCodeApiOptions;
  readonly proxy: ProxyApiOptions;
  readonly authorizations: AuthorizationsOptions;
  /** `JupyterHub.admin_access` */
  readonly adminAccess: boolean;
  onShutdownRequest(request: ShutdownRequest): void;
  readonly info: Pick<InfoOptions, 'spawnerClass' | 'authenticatorClass'>;
  readonly logo: StaticFile;
  readonly headerOverrides: Readonly<Record<string, string>>;
  readonly cspReportUri: string | undefined;
  /** OAuth and revocations: registered by `hub/oauth`. */
  registerOAuth(app: FastifyInstance): void;
}

const MAX_PARAM = 1024;
const MAX_REQUEST_ID = 64;

export function buildApp(parts: AppParts): FastifyInstance {
  const { addresses, log } = parts;
  const { apiPrefix, hubPrefix } = addresses;
  const errors: ErrorHandlingOptions = {
    log,
    apiPrefix,
    renderErrorPage: async (request, reply, page) => errorPageText(parts.pages, request, reply, page),
  };
  const rewriteUrl = rewriteUrlBelow(addresses.baseUrl);
  const app = Fastify({
    ...(rewriteUrl && { rewriteUrl }),
    logger: false,
    genReqId: requestId,
    bodyLimit: DEFAULT_BODY_LIMIT,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAX_PARAM, querystringParser: parseQuery },
    requestTimeout: 120_000,
    clientErrorHandler: answerClientError,
    // A path that cannot be decoded meets no hook; it is answered by the same hand as all others.
    frameworkErrors: (error, request, reply) => {
      restoreUrl(request);
      setHeaders(request, reply);
      const message = error.statusCode === 414 ? 'The path is too long' : 'Invalid unicode in url';
      answerError(httpError(error.statusCode ?? 400, message), request, reply, errors).catch(
        (failure: unknown) => {
          log.error('a refusal could not be written', { error: messageOf(failure) });
          reply.raw.destroy();
        },
      );
    },
  });
  if (rewriteUrl) restoreUrls(app);
  takeTurns(app);
  requireDeclaredAccess(app);
  installBodyParser(app);
  installErrorHandling(app, errors);
  const setHeaders = installHeaders(app, {
    apiPrefix,
    hubPrefix,
    overrides: parts.headerOverrides,
    cspReportUri: parts.cspReportUri,
  });
  refuseNameless(app);
  logRequests(app, log);
  registerSession(app, { sessions: parts.sessions, apiPrefix });
  installGate(app, { rights: parts.rights, loginUrl: (request) => loginFor(parts, request) });

  const closeMethods = trackMethods(app, apiPrefix);
  const closeOpenApi = registerOpenApi(app, { hubPrefix, apiPrefix });
  registerMetrics(app, parts.metrics);
  registerApi(app, parts);
  registerPages(app, parts);
  parts.registerOAuth(app);
  closeOpenApi();
  closeMethods();
  app.setNotFoundHandler((request, reply) => unknownPath(parts, request, errors, reply));
  return app;
}

function registerApi(app: FastifyInstance, parts: AppParts): void {
  const { api, addresses } = parts;
  registerInfo(app, { ...parts.info, prefix: api.prefix, hubPrefix: addresses.hubPrefix });
  registerSelf(app, api);
  registerUserReads(app, api);
  registerUserWrites(app, api, parts.people);
  registerActivity(app, api);
  registerTokens(app, api, parts.tokens);
  registerServers(app, api, parts.servers);
  registerProgress(app, api, parts.progress);
  registerAdminAccess(app, api, parts.adminAccess);
  registerGroups(app, api, parts.groups);
  registerServices(app, api, parts.services);
  registerShares(app, api, parts.shares);
  registerShareCodes(app, api, parts.shares);
  registerShared(app, api, parts.shares);
  registerProxy(app, api, parts.proxy);
  registerShutdown(app, api.prefix, (request) => parts.onShutdownRequest(request));
  registerAuthorizations(app, api, parts.authorizations);
}

function registerPages(app: FastifyInstance, parts: AppParts): void {
  const { pages, addresses } = parts;
  registerRoot(app, pages, parts.root);
  registerLogin(app, pages, parts.login);
  registerHome(app, pages);
  registerSpawn(app, pages);
  registerSpawnPending(app, pages);
  registerUserUrl(app, pages, parts.userUrl);
  registerTokenPage(app, pages, parts.tokenPage);
  registerAcceptShare(app, pages, parts.acceptShare);
  registerAdmin(app, pages, parts.admin);
  registerStatic(app, {
    baseUrl: addresses.baseUrl,
    hubPrefix: addresses.hubPrefix,
    logo: parts.logo,
  });
}

/** `/hub/login?next=<this request>` */
function loginFor(parts: AppParts, request: FastifyRequest): string {
  return `${parts.pages.urls.loginUrl}?next=${encodeURIComponent(request.url)}`;
}

async function unknownPath(
  parts: AppParts,
  request: FastifyRequest,
  errors: ErrorHandlingOptions,
  reply: Parameters<typeof answerError>[2],
) {
  if (request.url.startsWith(parts.addresses.hubPrefix)) {
    return answerError(httpError(404), request, reply, errors);
  }
  if (request.method !== 'GET') return answerError(httpError(405), request, reply, errors);
  const { location, status } = prefixRedirect(parts.pages, request.url);
  return reply.redirect(location, status);
}

/** Before anything is done for a request: a class that arrives in one moment must not be answered in one. */
function takeTurns(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, _reply, done) => {
    const turn = turns.take();
    if (turn) void turn.then(() => done());
    else done();
  });
}

/** One from the proxy in front of us when it is harmless, else our own. */
function requestId(request: {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && given.length <= MAX_REQUEST_ID && /^[\w.:-]+$/.test(given)) return given;
  // Random digits that Node keeps in store; asking the system for some at every request costs more than a look-up.
  const uuid = randomUUID();
  return `${uuid.slice(0, 8)}${uuid.slice(-8)}`;
}

function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const fields = {
      status: statusCode,
      method: request.method,
      url: scrubUrl(request.url),
      user: request.principal?.kind === 'user' ? request.principal.user.name : undefined,
      ip: request.session?.request.clientAddress,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      requestId: request.id,
    };
    if (statusCode >= 500) log.error('request', fields);
    else if (statusCode >= 400) log.warn('request', fields);
    else if (isQuiet(request.url)) log.debug('request', fields);
    else log.info('request', fields);
    done();
  });
}

/** Probes, static files and activity would drown the log. */
function isQuiet(url: string): boolean {
  return /\/(?:health|static\/|logo|activity)/.test(url);
}
