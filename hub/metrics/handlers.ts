/**
 * The label `handler` of `request_duration_seconds`: the class that answers the path in JupyterHub 6.1.1, so that
 * dashboards made for it read ours.
 */

/** From a route below the hub's prefix, its parameters as `:`, to the class without `jupyterhub.`. */
const BELOW_HUB: Readonly<Record<string, string>> = {
  '': 'handlers.pages.RootHandler',
  home: 'handlers.pages.HomeHandler',
  admin: 'handlers.pages.AdminHandler',
  'spawn-pending/:': 'handlers.pages.SpawnPendingHandler',
  'spawn-pending/:/:': 'handlers.pages.SpawnPendingHandler',
  spawn: 'handlers.pages.SpawnHandler',
  'spawn/:': 'handlers.pages.SpawnHandler',
  'spawn/:/:': 'handlers.pages.SpawnHandler',
  token: 'handlers.pages.TokenPageHandler',
  'accept-share': 'handlers.pages.AcceptShareHandler',
  'error/:': 'handlers.pages.ProxyErrorHandler',
  health: 'handlers.pages.HealthCheckHandler',
  'api/health': 'handlers.pages.HealthCheckHandler',
  metrics: 'handlers.metrics.MetricsHandler',
  'api/metrics': 'handlers.metrics.MetricsHandler',
  login: 'handlers.login.LoginHandler',
  logout: 'handlers.login.LogoutHandler',
  'user/:': 'handlers.base.UserUrlHandler',
  'user/:/*': 'handlers.base.UserUrlHandler',
  'user-redirect/*': 'handlers.base.UserRedirectHandler',
  'security/csp-report': 'handlers.base.CSPReportHandler',
  'static/*': 'handlers.static.CacheControlStaticFilesHandler',
  logo: 'handlers.static.LogoHandler',
  api: 'apihandlers.hub.RootAPIHandler',
  'api/': 'apihandlers.hub.RootAPIHandler',
  'api/info': 'apihandlers.hub.InfoAPIHandler',
  'api/shutdown': 'apihandlers.hub.ShutdownAPIHandler',
  'api/proxy': 'apihandlers.proxy.ProxyAPIHandler',
  'api/authorizations/cookie/:': 'apihandlers.auth.CookieAPIHandler',
  'api/authorizations/cookie/:/:': 'apihandlers.auth.CookieAPIHandler',
  'api/authorizations/token': 'apihandlers.auth.TokenAPIHandler',
  'api/authorizations/token/:': 'apihandlers.auth.TokenAPIHandler',
  'api/oauth2/authorize': 'apihandlers.auth.OAuthAuthorizeHandler',
  'api/oauth2/token': 'apihandlers.auth.OAuthTokenHandler',
  'api/groups': 'apihandlers.groups.GroupListAPIHandler',
  'api/groups/:': 'apihandlers.groups.GroupAPIHandler',
  'api/groups/:/users': 'apihandlers.groups.GroupUsersAPIHandler',
  'api/groups/:/properties': 'apihandlers.groups.GroupPropertiesAPIHandler',
  'api/groups/:/shared': 'apihandlers.shares.GroupShareListAPIHandler',
  'api/groups/:/shared/:/:': 'apihandlers.shares.GroupShareAPIHandler',
  'api/services': 'apihandlers.services.ServiceListAPIHandler',
  'api/services/:': 'apihandlers.services.ServiceAPIHandler',
  'api/shares/:': 'apihandlers.shares.ServerShareAPIHandler',
  'api/shares/:/:': 'apihandlers.shares.ServerShareAPIHandler',
  'api/share-codes/:': 'apihandlers.shares.ServerShareCodeAPIHandler',
  'api/share-codes/:/:': 'apihandlers.shares.ServerShareCodeAPIHandler',
  'api/user': 'apihandlers.users.SelfAPIHandler',
  'api/users': 'apihandlers.users.UserListAPIHandler',
  'api/users/:': 'apihandlers.users.UserAPIHandler',
  'api/users/:/server': 'apihandlers.users.UserServerAPIHandler',
  'api/users/:/server/progress': 'apihandlers.users.SpawnProgressAPIHandler',
  'api/users/:/servers/:': 'apihandlers.users.UserServerAPIHandler',
  'api/users/:/servers/:/progress': 'apihandlers.users.SpawnProgressAPIHandler',
  'api/users/:/tokens': 'apihandlers.users.UserTokenListAPIHandler',
  'api/users/:/tokens/:': 'apihandlers.users.UserTokenAPIHandler',
  'api/users/:/tokens/': 'apihandlers.users.UserTokenAPIHandler',
  'api/users/:/activity': 'apihandlers.users.ActivityAPIHandler',
  'api/users/:/admin-access': 'apihandlers.users.UserAdminAccessAPIHandler',
  'api/users/:/shared': 'apihandlers.shares.UserShareListAPIHandler',
  'api/users/:/shared/:/:': 'apihandlers.shares.UserShareAPIHandler',
};

export const LOGOUT_HANDLER = 'jupyterhub.handlers.login.LogoutHandler';
export const CSP_HANDLER = 'jupyterhub.handlers.base.CSPReportHandler';
/** What JupyterHub does not have. */
const OURS = 'anteroom';

/** Label of a route; the answers are kept, as there are only so many routes. */
export class HandlerNames {
  readonly #hubPrefix: string;
  readonly #known = new Map<string, string>();

  constructor(hubPrefix: string) {
    this.#hubPrefix = hubPrefix;
  }

  /** @param route as it was registered; undefined: no route fits @param path of the request */
  of(route: string | undefined, path: string): string {
    if (route === undefined) return this.#unknown(path);
    const known = this.#known.get(route);
    if (known !== undefined) return known;
    const name = this.#name(route);
    this.#known.set(route, name);
    return name;
  }

  #name(route: string): string {
    if (`${route}/` === this.#hubPrefix) return 'jupyterhub.handlers.base.AddSlashHandler';
    if (!route.startsWith(this.#hubPrefix)) return OURS;
    const below = route.slice(this.#hubPrefix.length).replace(/:\w+(?:\([^)]*\))?/g, ':');
    const name = BELOW_HUB[below];
    return name === undefined ? OURS : `jupyterhub.${name}`;
  }

  #unknown(path: string): string {
    if (!path.startsWith(this.#hubPrefix)) return 'jupyterhub.handlers.base.PrefixRedirectHandler';
    const isApi = path.startsWith(`${this.#hubPrefix}api/`);
    return isApi ? 'jupyterhub.apihandlers.base.API404' : 'jupyterhub.handlers.base.Template404';
  }
}
