/** What the routes work with, made from the hub's parts: the glue between rooms. */
import { JUPYTERHUB_VERSION } from '../../core/version.js';
import type { UrlRoots } from '../api/models.js';
import type { AppParts } from '../app.js';
import { JupyterHubClass } from '../config.js';
import { NamedServers } from '../named-servers.js';
import { originOf } from '../urls.js';
import {
  apiContext,
  apiServers,
  authorizations,
  people,
  serviceOptions,
  shareOptions,
  tokenOptions,
} from './api.js';
import type { AppPartsOptions } from './app-options.js';
import { oauthRoutes, pageContext } from './pages.js';

export function appParts(options: AppPartsOptions): AppParts {
  const { config, addresses, store, lifecycle, sessions, authenticator, log, clock, tornado } = options;
  const hub = config.of(JupyterHubClass);
  const auth = config.of(config.selected.authenticator);
  const urls: UrlRoots = {
    baseUrl: addresses.baseUrl,
    publicOrigin: originOf(addresses.publicUrl) || undefined,
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
      spawnerTroubles: () => lifecycle.spawnerTroubles(),
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
    logo: options.logo,
    headerOverrides: tornado.headers,
    cspReportUri: tornado.cspReportUri,
    registerOAuth: (app) => oauthRoutes(app, options, pages),
  };
}
