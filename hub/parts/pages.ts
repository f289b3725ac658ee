/** What pages and the OAuth provider work with, made from the hub's parts. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { JupyterHubClass } from '../config.js';
import type { ServerLifecycle } from '../lifecycle/index.js';
import type { NamedServers } from '../named-servers.js';
import { registerOAuth, registerRevocations } from '../oauth/index.js';
import { type PageContext, type PageServers, page } from '../pages/context.js';
import { NextTarget } from '../pages/next-target.js';
import type { Services } from '../services/index.js';
import type { AppPartsOptions } from './app-options.js';

export function pageContext(options: AppPartsOptions, named: NamedServers): PageContext {
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
    renderer: options.renderer,
    sessions: {
      // An error before the session was opened is shown on a page without a form.
      xsrfToken: (request) => request.session?.xsrfToken() ?? '',
      nextUrl: (request, user, sources) => next.url(request, user, sources),
      landing: (request, user) => next.landing(request, user),
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
    url: (user, server) => lifecycle.url(user, server),
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

export function oauthRoutes(app: FastifyInstance, options: AppPartsOptions, pages: PageContext): void {
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
