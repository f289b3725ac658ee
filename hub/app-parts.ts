/** What the routes work with, made from the hub's parts. The glue between rooms stands here and nowhere else. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { timestamp } from '../core/model/time.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import type { ProxyClient } from '../core/plugin/proxy-client.js';
import type { HubSettings } from '../core/plugin/selection.js';
import type { ScopeRegistry } from '../core/scopes/index.js';
import { JUPYTERHUB_VERSION } from '../core/version.js';
import { GENERATED_ROUNDS, hashToken, newApiToken, tokenPrefix } from '../core/wire/tokens.js';
import type { HubAddresses } from './addresses.js';
import type { ApiContext } from './api/context.js';
import type { ServerView, UrlRoots } from './api/models.js';
import type { ApiServers } from './api/servers/servers.js';
import { ShareModels } from './api/shares/share-models.js';
import { UserModels } from './api/users/user-models.js';
import type { People } from './api/users/write.js';
import type { AppParts } from './app.js';
import { JupyterHubClass } from './config.js';
import { httpError } from './http/errors.js';
import type { ServerLifecycle } from './lifecycle/index.js';
import type { Metrics } from './metrics/index.js';
import { NamedServers } from './named-servers.js';
import { type RevocationFeed, registerOAuth, registerRevocations, revocationsOf } from './oauth/index.js';
import { type PageContext, type PageServers, page } from './pages/context.js';
import { NextTarget } from './pages/next-target.js';
import { createRenderer } from './pages/renderer.js';
import type { Rights } from './rbac/index.js';
import type { Services } from './services/index.js';
import { type Admission, requireXsrf, sessionOf, TokenFinder } from './session/index.js';
import type { SessionParts } from './session-parts.js';
import type { Store, TokenRecord, UserRecord } from './store/types.js';
import type { TornadoSettings } from './tornado-settings.js';
import { originOf } from './urls.js';

export interface AppPartsOptions {
  readonly config: HubSettings;
  readonly tornado: TornadoSettings;
  readonly addresses: HubAddresses;
  readonly store: Store;
  readonly rights: Rights;
  readonly sessions: SessionParts;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly lifecycle: ServerLifecycle;
  readonly feed: RevocationFeed;
  readonly proxy: ProxyClient;
  readonly registry: ScopeRegistry;
  readonly services: Services;
  readonly metrics: Metrics;
  onShutdownRequest(request: { readonly servers?: boolean; readonly proxy?: boolean }): void;
  readonly spawnerClass: string;
  readonly sharedAccount: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export function appParts(options: AppPartsOptions): AppParts {
  const { config, addresses, store, lifecycle, sessions, authenticator, log, clock, tornado } = options;
  const hub = config.of(JupyterHubClass);
  const auth = config.of(config.selected.authenticator);
  const urls: UrlRoots = {
    baseUrl: addresses.baseUrl,
    publicOrigin: originOf(addresses.publicUrl) || undefined,
    userOrigin: addresses.places.userOrigin,
  };
  const named = new NamedServers(store, {
    allowNamedServers: hub.allow_named_servers,
    limitPerUser: hub.named_server_limit_per_user as
      | number
      | ((handler: unknown) => number | Promise<number>),
    invalidNamesMayStart: hub.allow_existing_invalid_named_servers === 'allow-start',
  });
  const api = apiContext(options, urls);
  const pages = pageContext(options, named);
  return {
    addresses,
    log,
    rights: options.rights,
    sessions: sessions.sessions,
    pages,
    api,
    login: {
      signIn: sessions.signIn,
      signOut: sessions.signOut,
      authenticator,
      autoLogin: auth.auto_login,
      requestOtp: auth.request_otp,
      otpPrompt: String(auth.otp_prompt),
    },
    root: { defaultUrl: hub.default_url as AppParts['root']['defaultUrl'] },
    userUrl: {
      clock,
      stoppedStatus: hub.use_legacy_stopped_server_status_code ? 503 : 424,
      implicitSpawnSeconds: hub.implicit_spawn_seconds,
      redirectLimit: tornado.userRedirectLimit,
      defaultServerName: hub.default_server_name,
      redirectHook: hub.user_redirect_hook,
    },
    acceptShare: { clock, registry: options.registry },
    admin: {
      models: api.models,
      pageSize: hub.api_page_default_limit,
      serverVersion: JUPYTERHUB_VERSION,
      apiPrefix: addresses.apiPrefix,
      clock,
      flushActivity: () => sessions.activity.flush(),
      readyUsers: () => lifecycle.readyUsers(),
      authState: (user) => sessions.accounts.authState(user),
      onShutdownRequest: (request) => options.onShutdownRequest(request),
      breaker: () => lifecycle.breaker(),
    },
    tokenPage: { clock, maxSeconds: hub.token_expires_in_max_seconds, registry: options.registry },
    tokens: tokenOptions(options, hub.token_expires_in_max_seconds),
    people: people(options),
    servers: {
      servers: apiServers(lifecycle),
      named,
      urls,
      slowSpawnMs: tornado.slowSpawnMs,
      slowStopMs: tornado.slowStopMs,
    },
    progress: {
      progress: (user, server) => lifecycle.progress(user, server),
      isStarting: (user, server) => lifecycle.status(user, server).pending !== null,
    },
    groups: {
      normalize: (name) => authenticator.normalizeUsername?.(name) ?? options.admission.normalize(name),
    },
    services: serviceOptions(options),
    metrics: {
      metrics: options.metrics,
      hubPrefix: addresses.hubPrefix,
      authenticate: hub.authenticate_prometheus,
    },
    shares: shareOptions(options, urls),
    proxy: { proxy: options.proxy, checkRoutes: () => lifecycle.reconcileRoutes() },
    authorizations: authorizations(options),
    adminAccess: hub.admin_access,
    onShutdownRequest: (request) => options.onShutdownRequest(request),
    info: { spawnerClass: options.spawnerClass, authenticatorClass: authenticator.className },
    logoFile: hub.logo_file,
    headerOverrides: tornado.headers,
    cspReportUri: tornado.cspReportUri,
    registerOAuth: (app) => oauthRoutes(app, options, pages),
  };
}

function shareOptions(options: AppPartsOptions, urls: UrlRoots): AppParts['shares'] {
  const { store, lifecycle, registry, addresses } = options;
  return {
    models: new ShareModels({
      store,
      urls,
      serverView: (user, spawner) => lifecycle.status(user, spawner.name),
    }),
    registry,
    hubPrefix: addresses.hubPrefix,
    publicOrigin: urls.publicOrigin,
  };
}

function serviceOptions({
  services,
  registry,
  rights,
  lifecycle,
  proxy,
  log,
}: AppPartsOptions): AppParts['services'] {
  return {
    services,
    registry,
    rights,
    routesChanged: async () => {
      await lifecycle.reconcileRoutes();
    },
    routeGone: (spec) => proxy.deleteRoute(spec),
    log,
  };
}

function authorizations({ store, clock, sessions }: AppPartsOptions): AppParts['authorizations'] {
  const tokens = new TokenFinder(store, clock);
  return {
    findToken: (token) => tokens.find(token),
    userOfCookie: (name, value) => sessions.sessions.userOfCookie(name, [value]),
  };
}

function oauthRoutes(app: FastifyInstance, options: AppPartsOptions, pages: PageContext): void {
  const { config, addresses, store, rights, feed, sessions, authenticator, clock, log } = options;
  const hub = config.of(JupyterHubClass);
  const auth = config.of(config.selected.authenticator);
  const direct = auth.auto_login_oauth2_authorize ? authenticator.loginUrl?.(addresses.hubPrefix) : undefined;
  registerOAuth(app, {
    store,
    rights,
    settings: {
      tokenLifetimeSeconds: hub.oauth_token_expires_in,
      requirePkce: hub.oauth_require_pkce,
    },
    clock,
    log,
    hubPrefix: addresses.hubPrefix,
    loginUrl: direct ?? pages.urls.loginUrl,
    renderPage: (request, reply, template, variables) => page(pages, request, reply, template, variables),
    authState: (user) => sessions.accounts.authState(user),
  });
  registerRevocations(app, { feed, store, baseUrl: addresses.baseUrl, apiPrefix: addresses.apiPrefix });
}

function apiContext(options: AppPartsOptions, urls: UrlRoots): ApiContext {
  const { store, rights, lifecycle, addresses, sessions, config, clock, log } = options;
  const hub = config.of(JupyterHubClass);
  return {
    store,
    rights,
    models: new UserModels({
      store,
      urls,
      serverView: (user, spawner) => viewOf(lifecycle, user, spawner),
      waiting: () => lifecycle.waitingUsers(),
      lastActivity: (user) => sessions.activity.lastOfUser(user),
    }),
    limits: { byDefault: hub.api_page_default_limit, max: hub.api_page_max_limit },
    log,
    clock,
    authState: (user) => sessions.accounts.authState(user),
    activity: {
      flush: () => sessions.activity.flush(),
      ofToken: (token) => sessions.activity.lastOfToken(token),
      user: (user, at) => store.users.touch(new Map([[user.id, at]])),
      server: (spawner, at) => store.spawners.touch(new Map([[spawner.id, at]])),
    },
    prefix: addresses.apiPrefix,
  };
}

function pageContext(options: AppPartsOptions, named: NamedServers): PageContext {
  const { config, addresses, store, lifecycle, authenticator, log } = options;
  const hub = config.of(JupyterHubClass);
  const servers = pageServers(lifecycle, named);
  const urls = {
    baseUrl: addresses.baseUrl,
    hubPrefix: addresses.hubPrefix,
    loginUrl: `${addresses.hubPrefix}login`,
    logoutUrl: authenticator.logoutUrl?.(addresses.hubPrefix) ?? `${addresses.hubPrefix}logout`,
    hubOrigin: addresses.publicHost,
    cookieDomain: addresses.places.cookieDomain,
    serverUrl: addresses.places.serverUrl,
    userOrigin: addresses.places.userOrigin,
  };
  const next = new NextTarget({
    urls,
    servers,
    defaultUrl: hub.default_url as string | ((handler: unknown) => unknown),
    redirectToServer: hub.redirect_to_server,
    publicUrl: addresses.publicUrl === '' ? undefined : new URL(addresses.publicUrl),
    subdomainHost: addresses.subdomainHost === '' ? undefined : new URL(addresses.subdomainHost).host,
  });
  return {
    urls,
    store,
    servers,
    log,
    renderer: createRenderer({
      templatePaths: hub.template_paths.map(String),
      staticUrl: `${addresses.hubPrefix}static/`,
      globals: { hub_name: 'Anteroom' },
      environmentOptions: hub.jinja_environment_options,
    }),
    sessions: {
      // An error before the session was opened is shown on a page without a form.
      xsrfToken: (request) => request.session?.xsrfToken() ?? '',
      nextUrl: (request, user, fallback) => next.url(request, user, fallback),
      validated: (request, target) => next.validated(request, target),
    },
    allowNamedServers: hub.allow_named_servers,
    namedServerLimit: (request) => named.limit(request),
    templateVars: hub.template_vars,
    loginService: authenticator.loginService ?? '',
    services: (request) => navigation(options.services, request),
    sharedAccount: options.sharedAccount,
  };
}

/** Services with a page that this visitor may open (JupyterHub 6.1.1 `get_accessible_services`). */
function navigation(services: Services, request: FastifyRequest): ReturnType<PageContext['services']> {
  // A request that failed before it was read has neither.
  if (request.principal?.kind !== 'user' || !request.access) return [];
  const { scopes } = request.access;
  return services
    .list()
    .filter((service) => service.url !== '' && service.display)
    .filter(({ name }) => scopes.contains('access:services', { kind: 'service', name }))
    .map((service) => ({ ...service }));
}

function pageServers(lifecycle: ServerLifecycle, named: NamedServers): PageServers {
  return {
    status: (user, server) => lifecycle.status(user, server),
    checkName: async (user, server, displayName) => {
      if (server !== '') await named.check(user, server, displayName ?? server, { requester: undefined });
    },
    check: (user, server) => lifecycle.check(user, server),
    start: async (user, server, request) => {
      const displayName = await named.displayNameFor(user, server, request.displayName);
      await lifecycle.start(user, server, { ...request, displayName, mayWait: true });
    },
    stop: async (user, server, request) => {
      await lifecycle.stop(user, server, request);
    },
    remove: (user, server) => lifecycle.remove(user, server),
    forms: (user, server) => lifecycle.forms(user, server),
    serverVersion: (user, server) => lifecycle.serverVersion(user, server),
  };
}

function apiServers(lifecycle: ServerLifecycle): ApiServers {
  return {
    status: (user, server) => lifecycle.status(user, server),
    check: async (user, server) => {
      await lifecycle.check(user, server);
      return lifecycle.status(user, server).ready;
    },
    start: async (user, server, request) => {
      await lifecycle.start(user, server, request);
    },
    stop: async (user, server, request) => {
      await lifecycle.stop(user, server, request);
    },
    remove: (user, server) => lifecycle.remove(user, server),
    rename: (user, from, to) => lifecycle.rename(user, from, to),
    view: (user, spawner) => viewOf(lifecycle, user, spawner),
  };
}

function viewOf(lifecycle: ServerLifecycle, user: UserRecord, spawner: ServerView['spawner']): ServerView {
  const { pending, ready } = lifecycle.status(user, spawner.name);
  return { spawner, pending, ready };
}

function tokenOptions(options: AppPartsOptions, maxSeconds: number): AppParts['tokens'] {
  const { store, sessions, feed, clock } = options;
  return {
    maxSeconds,
    newToken: () => {
      const token = newApiToken();
      return { token, hashed: hashToken(token, GENERATED_ROUNDS), prefix: tokenPrefix(token) };
    },
    authenticate: async (auth, request) => {
      const form = Object.fromEntries(
        Object.entries(auth).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
      );
      const outcome = await sessions.signIn.signIn(form, {
        remoteAddress: sessionOf(request).request.clientAddress,
        headers: request.headers,
      });
      return outcome.kind === 'signed-in' ? outcome.user : undefined;
    },
    checkXsrf: (request) => requireXsrf(request, 'api'),
    revoked: async (tokens: readonly TokenRecord[]) => {
      await store.revocations.add(revocationsOf(tokens, timestamp(clock.now())));
      feed.ring();
    },
  };
}

function people(options: AppPartsOptions): People {
  const { admission, authenticator, sessions, lifecycle, store } = options;
  return {
    normalize: (name) => authenticator.normalizeUsername?.(name) ?? admission.normalize(name),
    validate: (name) => admission.parse(name),
    added: async (name) => {
      await authenticator.addUser?.(name);
      admission.userExists(name);
    },
    removed: async (name) => {
      await authenticator.deleteUser?.(name);
      admission.userDeleted(name);
      await store.revocations.add([
        { kind: 'user', value: name, clientId: null, at: timestamp(options.clock.now()) },
      ]);
      options.feed.ring();
    },
    saveAuthState: async (user, state) => {
      if (state !== null && !sessions.accounts.canKeepAuthState)
        throw httpError(400, 'auth_state cannot be kept: the hub has no JUPYTERHUB_CRYPT_KEY');
      await sessions.accounts.saveAuthState(user.id, state);
    },
    removeServers: async (user) => {
      if (lifecycle.status(user, '').pending === 'stop') {
        throw httpError(400, `${user.name}'s server is in the process of stopping, please wait.`);
      }
      await lifecycle.forgetUser(user);
    },
  };
}
