/**
 * The environment of a spawned server: what JupyterHub 6.1.1's `Spawner.get_env` sets, in its order, so that any
 * server written for JupyterHub finds what it looks for. Both ends of the contract read the names here.
 */
import type { JsonObject } from '../model/json.js';
import { escapeName } from '../model/names.js';
import { pyJson } from './pyjson.js';

export interface ServerEnvironment {
  readonly userName: string;
  readonly serverName: string;
  /** The server's own token; its OAuth client's secret as well. */
  readonly apiToken: string;
  readonly adminAccess: boolean;
  readonly clientId: string;
  /** `JupyterHub.cookie_options`. */
  readonly cookieOptions: JsonObject;
  readonly cookieHostPrefixEnabled: boolean;
  /** `scheme://host[:port]` in front of the hub's browser URLs, or `''`. */
  readonly publicHost: string;
  /** Path, or absolute with subdomains. */
  readonly oauthCallbackUrl: string;
  readonly accessScopes: readonly string[];
  readonly clientAllowedScopes: readonly string[];
  /** Without trailing slash; of `hub_connect_url` where that is set. */
  readonly apiUrl: string;
  /** `JupyterHub.base_url`, with both slashes. */
  readonly baseUrl: string;
  /** `/user/NAME/[SERVER/]`. */
  readonly servicePrefix: string;
  readonly internalSsl: boolean;
  /** Where the server is to listen; `''` is every interface. */
  readonly ip: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly publicHubUrl: string;
  /** Bytes. */
  readonly memLimit?: number | null;
  readonly memGuarantee?: number | null;
  readonly cpuLimit?: number | null;
  readonly cpuGuarantee?: number | null;
  readonly certificates?: { readonly keyFile: string; readonly certFile: string; readonly caFile: string };
  /** `notebook_dir` and `default_url`, expanded. */
  readonly rootDir?: string;
  readonly defaultUrl?: string;
  readonly debug?: boolean;
  readonly disableUserConfig?: boolean;
  /** Names of `env_keep` that are set, and what they hold. */
  readonly inherited?: Readonly<Record<string, string>>;
  /** `Spawner.environment`, callables called: wins over everything. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function serverEnvironment(server: ServerEnvironment): Record<string, string> {
  return {
    ...server.inherited,
    ...identity(server),
    ...addresses(server),
    ...limits(server),
    ...options(server),
    ...server.environment,
  };
}

function identity(server: ServerEnvironment): Record<string, string> {
  const accessScopes = pyJson(server.accessScopes);
  return {
    JUPYTERHUB_API_TOKEN: server.apiToken,
    JPY_API_TOKEN: server.apiToken,
    ...when(server.adminAccess, { JUPYTERHUB_ADMIN_ACCESS: '1' }),
    JUPYTERHUB_CLIENT_ID: server.clientId,
    ...when(Object.keys(server.cookieOptions).length > 0, {
      JUPYTERHUB_COOKIE_OPTIONS: pyJson(server.cookieOptions),
    }),
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: server.cookieHostPrefixEnabled ? '1' : '0',
    JUPYTERHUB_HOST: server.publicHost,
    JUPYTERHUB_OAUTH_CALLBACK_URL: server.oauthCallbackUrl,
    JUPYTERHUB_OAUTH_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: pyJson(server.clientAllowedScopes),
    JUPYTERHUB_USER: server.userName,
    JUPYTERHUB_SERVER_NAME: server.serverName,
  };
}

function addresses(server: ServerEnvironment): Record<string, string> {
  const protocol = server.internalSsl ? 'https' : 'http';
  const host = server.ip.includes(':') && !server.ip.startsWith('[') ? `[${server.ip}]` : server.ip;
  return {
    JUPYTERHUB_API_URL: server.apiUrl,
    JUPYTERHUB_ACTIVITY_URL: `${server.apiUrl}/users/${escapeName(server.userName)}/activity`,
    JUPYTERHUB_BASE_URL: server.baseUrl,
    JUPYTERHUB_SERVICE_PREFIX: server.servicePrefix,
    JUPYTERHUB_SERVICE_URL: `${protocol}://${host}:${server.port}${server.servicePrefix}`,
    JUPYTERHUB_PUBLIC_URL: server.publicUrl,
    JUPYTERHUB_PUBLIC_HUB_URL: server.publicHubUrl,
  };
}

function limits(server: ServerEnvironment): Record<string, string> {
  return {
    ...when(server.memLimit, { MEM_LIMIT: String(server.memLimit) }),
    ...when(server.memGuarantee, { MEM_GUARANTEE: String(server.memGuarantee) }),
    ...when(server.cpuLimit, { CPU_LIMIT: floatText(server.cpuLimit ?? 0) }),
    ...when(server.cpuGuarantee, { CPU_GUARANTEE: floatText(server.cpuGuarantee ?? 0) }),
  };
}

function options(server: ServerEnvironment): Record<string, string> {
  const { certificates } = server;
  return {
    ...(certificates && {
      JUPYTERHUB_SSL_KEYFILE: certificates.keyFile,
      JUPYTERHUB_SSL_CERTFILE: certificates.certFile,
      JUPYTERHUB_SSL_CLIENT_CA: certificates.caFile,
    }),
    ...when(server.rootDir, { JUPYTERHUB_ROOT_DIR: server.rootDir ?? '' }),
    ...when(server.defaultUrl, { JUPYTERHUB_DEFAULT_URL: server.defaultUrl ?? '' }),
    ...when(server.debug, { JUPYTERHUB_DEBUG: '1' }),
    ...when(server.disableUserConfig, { JUPYTERHUB_DISABLE_USER_CONFIG: '1' }),
  };
}

/** Python writes a whole float with its `.0`; the trait is a Float. */
function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function when(condition: unknown, entries: Record<string, string>): Record<string, string> {
  return condition ? entries : {};
}
