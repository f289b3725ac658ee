import { Fault } from '../../core/fault.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import { serverEnvironment } from '../../core/wire/server-environment.js';
import type { ServerEntry } from './entry.js';
import { callHook } from './hooks.js';
import type { LifecycleSettings } from './types.js';
import type { SpawnerView } from './view.js';

export interface EnvironmentOf {
  readonly entry: ServerEntry;
  readonly config: SpawnerConfig;
  readonly settings: LifecycleSettings;
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
  readonly apiToken: string;
  readonly clientId: string;
  readonly clientScopes: readonly string[];
  /** `Spawner.environment`, functions called. */
  readonly configured: Readonly<Record<string, string>>;
}

/** The environment of a server that binds there: in the order of JupyterHub 6.1.1 spawner.py `get_env`. */
export function environmentOf(
  server: EnvironmentOf,
  bind: { readonly host: string; readonly port: number },
): Record<string, string> {
  const { entry, config, settings } = server;
  const { user, name, baseUrl } = entry;
  const fields = { username: user.name, base_url: baseUrl };
  return serverEnvironment({
    userName: user.name,
    serverName: name,
    apiToken: server.apiToken,
    adminAccess: settings.adminAccess,
    clientId: server.clientId,
    cookieOptions: settings.cookieOptions,
    cookieHostPrefixEnabled: settings.cookieHostPrefixEnabled,
    publicHost: settings.publicHost,
    oauthCallbackUrl: `${entry.url}oauth_callback`,
    accessScopes: [`access:servers!server=${user.name}/${name}`, `access:servers!user=${user.name}`],
    clientAllowedScopes: server.clientScopes,
    apiUrl: connectUrl(settings.apiUrl, config.hub_connect_url),
    baseUrl: settings.baseUrl,
    servicePrefix: baseUrl,
    internalSsl: false,
    ip: bind.host,
    port: bind.port,
    publicUrl: settings.places.publicUrl(user.name, baseUrl),
    publicHubUrl: settings.publicHubUrl,
    memLimit: config.mem_limit,
    memGuarantee: config.mem_guarantee,
    cpuLimit: config.cpu_limit,
    cpuGuarantee: config.cpu_guarantee,
    rootDir: expand('notebook_dir', config.notebook_dir.replaceAll('%U', '{username}'), fields),
    defaultUrl: expand('default_url', config.default_url, fields),
    debug: config.debug,
    disableUserConfig: config.disable_user_config,
    inherited: inherited(config.env_keep, server.hubEnvironment),
    environment: server.configured,
  });
}

/** Calls the functions among the values of `Spawner.environment`. */
export async function configuredEnvironment(
  config: SpawnerConfig,
  view: SpawnerView,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const [name, setting] of Object.entries(config.environment)) {
    const value: unknown =
      typeof setting === 'function'
        ? await callHook(`environment.${name}`, () => (setting as (spawner: unknown) => unknown)(view))
        : setting;
    // an object says where a value comes from, in words of the spawner's own
    if (value !== undefined && value !== null && typeof value !== 'object') environment[name] = String(value);
  }
  return environment;
}

function inherited(
  names: readonly unknown[],
  from: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = from[String(name)];
    if (value !== undefined) kept[String(name)] = value;
  }
  return kept;
}

/** `hub_connect_url` replaces scheme, host and port. */
function connectUrl(apiUrl: string, replacement: string | null): string {
  return replacement ? `${replacement.replace(/\/+$/, '')}${new URL(apiUrl).pathname}` : apiUrl;
}

function expand(trait: string, template: string, fields: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w*)\}/g, (whole, field: string) => {
    const value = fields[field];
    if (value !== undefined) return value;
    throw new Fault('SPAWN_OPTIONS', `The settings of the server are not valid: ${trait}.`, {
      detail: `Spawner.${trait}: ${whole} is not known`,
    });
  });
}
