/** What follows from what in `c.JupyterHub`'s URLs (jupyterhub.app 6.1.1; contracts of bind_url and friends). Pure. */
import type { IsSet, RuleFault } from '../core/config/declare.js';
import { type AddressValues, addressRules } from './address-rules.js';
import { portFault, splitUrl } from './urls.js';

/** The part of the hub's configuration that these rules touch. */
export interface UrlValues extends AddressValues {
  readonly allow_named_servers: boolean;
  readonly bind_url: string;
  readonly cookie_max_age_days: number;
  readonly cookie_secret: Uint8Array | null;
  readonly db_url: string;
  readonly default_server_name: string;
  readonly hub_bind_url: string;
  readonly hub_connect_url: string;
  readonly ip: string;
  readonly oauth_token_expires_in: number;
  readonly port: number;
  readonly ssl_cert: string;
  readonly ssl_key: string;
}

const slashed = (path: string): string => `/${path}/`.replaceAll(/\/{2,}/g, '/');

export function deriveHub(
  values: UrlValues,
  isSet: IsSet<UrlValues>,
): Partial<Omit<UrlValues, 'subdomain_hook'>> {
  const { bind, base_url } = deriveBind(values, isSet);
  const subdomain_host = withScheme(values.subdomain_host).replace(/(?<=[^/:])\/+$/, '');
  const rerooted = (url: string): string => (splitUrl(url) ? replacePath(url, `${base_url}hub/`) : url);
  return {
    bind_url: bind,
    base_url,
    subdomain_host,
    public_url: derivePublic(values, base_url, subdomain_host, isSet('public_url')),
    hub_routespec: deriveRoutespec(values, base_url, subdomain_host, isSet('hub_routespec')),
    hub_bind_url: rerooted(values.hub_bind_url),
    hub_connect_url: rerooted(values.hub_connect_url),
    db_url: values.db_url.includes('://') ? values.db_url : `sqlite:///${values.db_url}`,
    oauth_token_expires_in: isSet('oauth_token_expires_in')
      ? values.oauth_token_expires_in
      : Math.trunc(values.cookie_max_age_days * 24 * 3600),
  };
}

/**
 * `ip`, `port` and `base_url`, where they differ from what is there, are stronger than `bind_url` and together
 * replace its host, port and path (6.1.1 does so, with a warning). The scheme follows the certificate, but for an https that
 * was written without one: the certificate may be that of a proxy that others start.
 */
function deriveBind(values: UrlValues, isSet: IsSet<UrlValues>): { bind: string; base_url: string } {
  const writtenHttps = isSet('bind_url') && values.bind_url.startsWith('https://');
  const scheme = values.ssl_cert === '' && !writtenHttps ? 'http' : 'https';
  const configured = isSet('bind_url') ? rescheme(values.bind_url, scheme) : `${scheme}://:8000`;
  const parts = splitUrl(configured);
  const base_url = isSet('base_url') ? slashed(values.base_url) : slashed(parts?.path ?? '/');
  if (!partsWin(values, isSet)) return { bind: configured, base_url };
  if (parts?.scheme === 'http+unix') return { bind: replacePath(configured, base_url), base_url };
  const host = values.ip.includes(':') ? `[${values.ip}]` : values.ip;
  return { bind: `${scheme}://${host}:${values.port}${base_url}`, base_url };
}

const DEFAULT_PORT = 8000;

/** Setting one of them to its default says nothing. */
function partsWin(values: UrlValues, isSet: IsSet<UrlValues>): boolean {
  return values.ip !== '' || values.port !== DEFAULT_PORT || (isSet('base_url') && values.base_url !== '/');
}

function rescheme(url: string, scheme: string): string {
  const cut = url.indexOf('://');
  if (cut < 0) return url;
  const given = url.slice(0, cut);
  if (given === 'http+unix' || given === 'unix+http') return `http+unix${url.slice(cut)}`;
  return scheme + url.slice(cut);
}

function replacePath(url: string, path: string): string {
  const parts = splitUrl(url);
  return parts ? `${parts.scheme}://${parts.host}${path}` : url;
}

function withScheme(host: string): string {
  return host === '' || host.includes('://') ? host : `https://${host}`;
}

function derivePublic(values: UrlValues, base: string, subdomainHost: string, configured: boolean): string {
  if (!configured) return subdomainHost === '' ? '' : `${subdomainHost}${base}`;
  if (values.public_url === '') return '';
  const url = withScheme(values.public_url.endsWith('/') ? values.public_url : `${values.public_url}/`);
  return splitUrl(url)?.path === '/' ? replacePath(url, base) : url;
}

function deriveRoutespec(
  values: UrlValues,
  base: string,
  subdomainHost: string,
  configured: boolean,
): string {
  if (!configured) return subdomainHost === '' ? base : '/';
  const closed = values.hub_routespec.endsWith('/') ? values.hub_routespec : `${values.hub_routespec}/`;
  return subdomainHost === '' && !closed.startsWith('/') ? `/${closed}` : closed;
}

type Faults = readonly RuleFault<UrlValues>[];
const COOKIE_SECRET_OCTETS = 32;

export function hubRules(values: UrlValues, isSet: IsSet<UrlValues>): Faults {
  return [
    ...bindRules(values, isSet),
    ...hubUrlRules(values),
    ...publicRules(values, isSet),
    ...addressRules(values, isSet),
    ...otherRules(values),
  ];
}

function bindRules(values: UrlValues, isSet: IsSet<UrlValues>): Faults {
  const faults: RuleFault<UrlValues>[] = [];
  const port = portFault(values.bind_url);
  if (port !== undefined)
    faults.push({ trait: 'bind_url', message: `${port}; write e.g. 'http://127.0.0.1:8000'` });
  if (isSet('bind_url') && partsWin(values, isSet)) {
    faults.push({
      trait: 'bind_url',
      message: 'is set beside ip, port or base_url, which win; use one or the other',
      warning: true,
    });
  }
  if (values.ssl_cert === '' && values.ssl_key !== '')
    faults.push({ trait: 'ssl_cert', message: 'is missing beside ssl_key' });
  if (values.ssl_cert !== '' && values.ssl_key === '')
    faults.push({ trait: 'ssl_key', message: 'is missing beside ssl_cert' });
  return faults;
}

function hubUrlRules(values: UrlValues): Faults {
  const faults: RuleFault<UrlValues>[] = [];
  for (const trait of ['hub_bind_url', 'hub_connect_url'] as const) {
    const fault = values[trait] === '' ? undefined : portFault(values[trait]);
    if (fault !== undefined) faults.push({ trait, message: `${fault}; write e.g. 'http://127.0.0.1:8081'` });
  }
  return faults;
}

/** One that follows from subdomain_host has no faults of its own. */
function publicRules(values: UrlValues, isSet: IsSet<UrlValues>): Faults {
  if (!isSet('public_url') || values.public_url === '' || values.public_url.endsWith(values.base_url))
    return [];
  return [{ trait: 'public_url', message: `must end with base_url ('${values.base_url}')` }];
}

function otherRules(values: UrlValues): Faults {
  const faults: RuleFault<UrlValues>[] = [];
  const octets = values.cookie_secret?.length ?? COOKIE_SECRET_OCTETS;
  if (octets === 0) faults.push({ trait: 'cookie_secret', message: 'is empty' });
  if (octets > COOKIE_SECRET_OCTETS) {
    faults.push({
      trait: 'cookie_secret',
      message: `has ${octets} octets; it should have ${COOKIE_SECRET_OCTETS}`,
      warning: true,
    });
  }
  if (values.default_server_name !== '' && !values.allow_named_servers) {
    faults.push({
      trait: 'default_server_name',
      message: 'means nothing without allow_named_servers = true',
      warning: true,
    });
  }
  return faults;
}
