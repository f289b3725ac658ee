/**
 * `c.JupyterHub.tornado_settings`: the keys that JupyterHub's documentation names, read once. A key that only tornado
 * would understand stops the start: nothing is accepted and ignored.
 */
import { StartupFault } from '../core/fault.js';
import type { CookieAttributes } from '../core/wire/cookies.js';

export interface TornadoSettings {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookieOptions: CookieAttributes;
  /** As given, for `JUPYTERHUB_COOKIE_OPTIONS`. */
  readonly rawCookieOptions: Readonly<Record<string, string | number | boolean>>;
  readonly xsrfCookieOptions: CookieAttributes;
  readonly slowSpawnMs: number;
  readonly slowStopMs: number;
  readonly userRedirectLimit: number;
  readonly cspReportUri: string | undefined;
}

const KNOWN = [
  'headers',
  'cookie_options',
  'xsrf_cookie_kwargs',
  'slow_spawn_timeout',
  'slow_stop_timeout',
  'user_redirect_limit',
  'csp_report_uri',
];
const DEFAULT_SLOW_S = 10;
const DEFAULT_REDIRECTS = 4;

/** @throws StartupFault with every fault */
export function readTornadoSettings(settings: Readonly<Record<string, unknown>>): TornadoSettings {
  const faults: string[] = [];
  const at = 'c.JupyterHub.tornado_settings';
  for (const key of Object.keys(settings)) {
    if (!KNOWN.includes(key)) faults.push(`${at}: ${key} means nothing here; known are ${KNOWN.join(', ')}`);
  }
  const number = (key: string, fallback: number): number => {
    const value = settings[key] ?? fallback;
    if (typeof value === 'number' && value >= 0) return value;
    faults.push(`${at}: ${key} must be a number of at least 0`);
    return fallback;
  };
  const rawCookieOptions = record(settings['cookie_options'], `${at}: cookie_options`, faults);
  const rawXsrf = record(settings['xsrf_cookie_kwargs'], `${at}: xsrf_cookie_kwargs`, faults);
  const cookieOptions = cookieAttributes(rawCookieOptions, `${at}: cookie_options`, faults);
  const xsrfOptions = cookieAttributes(rawXsrf, `${at}: xsrf_cookie_kwargs`, faults);
  const headers = record(settings['headers'], `${at}: headers`, faults);
  const cspReportUri = settings['csp_report_uri'];
  const read: TornadoSettings = {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    cookieOptions,
    rawCookieOptions,
    xsrfCookieOptions: Object.keys(rawXsrf).length > 0 ? xsrfOptions : cookieOptions,
    slowSpawnMs: number('slow_spawn_timeout', DEFAULT_SLOW_S) * 1000,
    slowStopMs: number('slow_stop_timeout', DEFAULT_SLOW_S) * 1000,
    userRedirectLimit: number('user_redirect_limit', DEFAULT_REDIRECTS),
    cspReportUri: typeof cspReportUri === 'string' ? cspReportUri : undefined,
  };
  if (faults.length > 0) throw new StartupFault(faults);
  return read;
}

type Plain = Readonly<Record<string, string | number | boolean>>;

function record(value: unknown, at: string, faults: string[]): Plain {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    faults.push(`${at} must be a dictionary`);
    return {};
  }
  for (const [key, each] of Object.entries(value)) {
    if (!['string', 'number', 'boolean'].includes(typeof each))
      faults.push(`${at}.${key} must be a plain value`);
  }
  return value as Plain;
}

/** Python's names of cookie attributes (`set_cookie` of tornado) in ours. */
function cookieAttributes(options: Plain, at: string, faults: string[]): CookieAttributes {
  const attributes: { -readonly [K in keyof CookieAttributes]: CookieAttributes[K] } = {};
  for (const [key, value] of Object.entries(options)) {
    const name = key.toLowerCase().replaceAll(/[_-]/g, '');
    if (name === 'domain') attributes.domain = String(value);
    else if (name === 'path') attributes.path = String(value);
    else if (name === 'samesite') attributes.sameSite = String(value);
    else if (name === 'secure') attributes.secure = Boolean(value);
    else if (name === 'httponly') attributes.httpOnly = Boolean(value);
    else if (name === 'expiresdays') attributes.expiresDays = Number(value);
    else if (name === 'maxage') attributes.maxAge = Number(value);
    else if (name === 'expires' && typeof value === 'number') attributes.expires = new Date(value * 1000);
    else faults.push(`${at}: ${key} is no attribute of a cookie that can be set here`);
  }
  return attributes;
}
