/**
 * Owns: what a hub tells a server through its environment (JupyterHub 6, `Spawner.get_env`), checked once.
 * Does not own: what shells inherit (sessions/shell.ts).
 */
import { readFileSync } from 'node:fs';
import { messageOf, StartupFault } from '../../core/fault.js';
import type { HubTls } from '../../core/hub-client/index.js';
import { isJsonObject } from '../../core/model/json.js';

type Environment = Readonly<Record<string, string | undefined>>;

type ListenTarget =
  | { readonly kind: 'address'; readonly host: string | undefined; readonly port: number }
  /** A socket that already listens, inherited from the spawner. */
  | { readonly kind: 'descriptor'; readonly fd: number };

/** `JUPYTERHUB_COOKIE_OPTIONS`, as far as cookies of ours have such attributes. */
interface CookieOptions {
  readonly secure: boolean | undefined;
  readonly sameSite: 'Lax' | 'Strict' | 'None' | undefined;
  readonly domain: string | undefined;
  /** Seconds. */
  readonly maxAge: number | undefined;
}

export interface ServerEnvironment {
  readonly apiToken: string;
  readonly clientId: string;
  readonly listen: ListenTarget;
  /** `JUPYTERHUB_SERVICE_PREFIX` as given, percent-encoded, with both slashes. */
  readonly prefix: string;
  readonly apiUrl: string;
  readonly activityUrl: string | undefined;
  readonly user: string;
  readonly serverName: string;
  /** Exactly as given: the hub compares it byte for byte. */
  readonly callbackUrl: string;
  /** Browser's address of the hub, e.g. `/hub/` or `https://host/hub/`. */
  readonly hubUrl: string;
  /** Origins under which people reach this server, besides the Host header. */
  readonly publicOrigins: readonly string[];
  /** From `JUPYTERHUB_PUBLIC_URL`; `undefined` when the hub does not know. */
  readonly publicScheme: 'http' | 'https' | undefined;
  readonly accessScopes: readonly string[];
  readonly cookieHostPrefix: boolean;
  readonly cookieOptions: CookieOptions;
  readonly allowTokenInUrl: boolean;
  readonly allowWebSocketCookieAuth: boolean;
  /** Milliseconds; 0 reports nothing. */
  readonly activityIntervalMs: number;
  readonly tls: HubTls | undefined;
  readonly debug: boolean;
}

const REQUIRED = [
  'JUPYTERHUB_SERVICE_URL',
  'JUPYTERHUB_API_TOKEN',
  'JUPYTERHUB_CLIENT_ID',
  'JUPYTERHUB_API_URL',
];

/** @throws StartupFault that names everything missing or malformed at once */
export function readEnvironment(env: Environment): ServerEnvironment {
  const faults: string[] = [];
  const token = env['JUPYTERHUB_API_TOKEN'] || env['JPY_API_TOKEN'] || '';
  const missing = REQUIRED.filter((name) => !(name === 'JUPYTERHUB_API_TOKEN' ? token : env[name]));
  if (missing.length > 0) {
    faults.push(
      `not started by a hub: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing from the environment`,
    );
  }
  const attempt = <T>(name: string, fallback: T, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
      return fallback;
    }
  };
  const serviceUrl = env['JUPYTERHUB_SERVICE_URL'] || 'http://127.0.0.1:80/';
  const bind = attempt('JUPYTERHUB_SERVICE_URL', { host: undefined, port: 0, path: '/' }, () =>
    parseBindUrl(serviceUrl),
  );
  const prefix = attempt('JUPYTERHUB_SERVICE_PREFIX', '/', () =>
    checkPrefix(env['JUPYTERHUB_SERVICE_PREFIX'] || bind.path),
  );
  const fd = attempt('ANTEROOM_LISTEN_FD', undefined, () => parseDescriptor(env['ANTEROOM_LISTEN_FD']));
  const scopes = attempt('JUPYTERHUB_OAUTH_ACCESS_SCOPES', [], () =>
    parseScopes(env['JUPYTERHUB_OAUTH_ACCESS_SCOPES'] || env['JUPYTERHUB_OAUTH_SCOPES']),
  );
  const cookieOptions = attempt('JUPYTERHUB_COOKIE_OPTIONS', NO_COOKIE_OPTIONS, () =>
    parseCookieOptions(env['JUPYTERHUB_COOKIE_OPTIONS']),
  );
  const tls = attempt('JUPYTERHUB_SSL_KEYFILE, _CERTFILE, _CLIENT_CA', undefined, () => readTls(env));
  const interval = attempt('JUPYTERHUB_ACTIVITY_INTERVAL', 300_000, () =>
    parseInterval(env['JUPYTERHUB_ACTIVITY_INTERVAL']),
  );
  if (faults.length > 0) throw new StartupFault(faults);

  const publicUrl = parseOrigin(env['JUPYTERHUB_PUBLIC_URL']);
  return {
    apiToken: token,
    clientId: env['JUPYTERHUB_CLIENT_ID'] ?? '',
    listen:
      fd === undefined ? { kind: 'address', host: bind.host, port: bind.port } : { kind: 'descriptor', fd },
    prefix,
    apiUrl: (env['JUPYTERHUB_API_URL'] ?? '').replace(/\/+$/, ''),
    activityUrl: env['JUPYTERHUB_ACTIVITY_URL'] || undefined,
    user: env['JUPYTERHUB_USER'] ?? '',
    serverName: env['JUPYTERHUB_SERVER_NAME'] ?? '',
    callbackUrl: env['JUPYTERHUB_OAUTH_CALLBACK_URL'] || `${prefix}oauth_callback`,
    hubUrl: `${env['JUPYTERHUB_HOST'] ?? ''}${env['JUPYTERHUB_BASE_URL'] || '/'}hub/`,
    publicOrigins: publicUrl ? [publicUrl.origin] : [],
    publicScheme: publicUrl ? (publicUrl.protocol === 'https:' ? 'https' : 'http') : undefined,
    accessScopes: scopes,
    cookieHostPrefix: parseBoolean(env['JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED'], false),
    cookieOptions,
    allowTokenInUrl: parseBoolean(env['JUPYTERHUB_ALLOW_TOKEN_IN_URL'], false),
    allowWebSocketCookieAuth: parseBoolean(env['JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH'], true),
    activityIntervalMs: interval,
    tls,
    debug: parseBoolean(env['JUPYTERHUB_DEBUG'], false),
  };
}

const NO_COOKIE_OPTIONS: CookieOptions = {
  secure: undefined,
  sameSite: undefined,
  domain: undefined,
  maxAge: undefined,
};

/** Unset or empty: `fallback`; `0` or `false`: no; anything else: yes (as JupyterHub's own client reads them). */
export function parseBoolean(value: string | undefined, fallback: boolean): boolean {
  if (value === undefined || value === '') return fallback;
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** `http://:8888/user/x/` has no host, which `URL` refuses; IPv6 comes in brackets. Empty host: all interfaces. */
export function parseBindUrl(text: string): { host: string | undefined; port: number; path: string } {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.%]+\]|[^:/[\]]*)(?::(\d{1,5}))?(\/.*)?$/.exec(text);
  if (!match) throw new Error('not an address of the form http://host:port/path');
  const [, scheme, host = '', digits, path = '/'] = match;
  const port = digits === undefined ? (scheme === 'https' ? 443 : 80) : Number(digits);
  if (port > 65_535) throw new Error(`no such port: ${port}`);
  return { host: host === '' ? undefined : host.replace(/^\[|\]$/g, ''), port, path };
}

function checkPrefix(prefix: string): string {
  if (!prefix.startsWith('/') || !prefix.endsWith('/')) throw new Error('must start and end with a slash');
  decodeURI(prefix);
  return prefix;
}

function parseDescriptor(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (!/^\d{1,4}$/.test(value) || Number(value) < 3) throw new Error('must be a descriptor number above 2');
  return Number(value);
}

function parseScopes(value: string | undefined): readonly string[] {
  if (value === undefined || value === '') return [];
  const scopes: unknown = JSON.parse(value);
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    throw new Error('must be a JSON list of strings');
  }
  return scopes;
}

/** Attribute names as tornado spells them, in any case. */
function parseCookieOptions(value: string | undefined): CookieOptions {
  if (value === undefined || value === '') return NO_COOKIE_OPTIONS;
  const parsed: unknown = JSON.parse(value);
  if (!isJsonObject(parsed)) throw new Error('must be a JSON object');
  const options = new Map(Object.entries(parsed).map(([name, option]) => [name.toLowerCase(), option]));
  const secure = options.get('secure');
  const domain = options.get('domain');
  const days = options.get('expires_days');
  const seconds = options.get('max_age') ?? options.get('max-age');
  return {
    secure: secure === undefined ? undefined : Boolean(secure),
    sameSite: parseSameSite(options.get('samesite')),
    domain: typeof domain === 'string' && /^[\w.-]+$/.test(domain) ? domain : undefined,
    maxAge: typeof seconds === 'number' ? seconds : typeof days === 'number' ? days * 86_400 : undefined,
  };
}

function parseSameSite(value: unknown): CookieOptions['sameSite'] {
  switch (typeof value === 'string' ? value.toLowerCase() : undefined) {
    case 'lax':
      return 'Lax';
    case 'strict':
      return 'Strict';
    case 'none':
      return 'None';
    default:
      return undefined;
  }
}

function readTls(env: Environment): HubTls | undefined {
  const key = env['JUPYTERHUB_SSL_KEYFILE'];
  const cert = env['JUPYTERHUB_SSL_CERTFILE'];
  const ca = env['JUPYTERHUB_SSL_CLIENT_CA'];
  if (!key && !cert && !ca) return undefined;
  if (!key || !cert || !ca) throw new Error('internal TLS needs all three');
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), ca: readFileSync(ca, 'utf8') };
}

function parseInterval(value: string | undefined): number {
  if (value === undefined || value === '') return 300_000;
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Error('must be a number of seconds');
  return seconds * 1000;
}

function parseOrigin(value: string | undefined): URL | undefined {
  if (!value || !URL.canParse(value)) return undefined;
  return new URL(value);
}
