/**
 * Where things are, worked out once from `c.JupyterHub` (JupyterHub 6.1.1 app.py `init_hub`): what the
 * hub binds, how servers and the proxy reach it, what browsers see. Pure.
 */
import { hostname } from 'node:os';
import type { HubConfig } from './config.js';
import { type Places, placesOf } from './places.js';
import { originOf, splitUrl } from './urls.js';

export type HubBind =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number };

export interface HubAddresses {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** `{baseUrl}hub/` */
  readonly hubPrefix: string;
  /** `{baseUrl}hub/api/` */
  readonly apiPrefix: string;
  readonly bind: HubBind;
  /** Scheme, host and port at which proxy and servers reach the hub, without path. */
  readonly connectOrigin: string;
  /** `JUPYTERHUB_API_URL`: without trailing slash. */
  readonly apiUrl: string;
  /** Where the proxy listens for browsers. */
  readonly publicBind: PublicBind;
  /** `JUPYTERHUB_HOST`: scheme and host of public_url, else of subdomain_host, else empty. */
  readonly publicHost: string;
  /** `public_url` with base URL, or empty. */
  readonly publicUrl: string;
  readonly subdomainHost: string;
  /** Where servers and services are. */
  readonly places: Places;
}

export type PublicBind =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: boolean }
  | { readonly kind: 'unix'; readonly path: string };

export function hubAddresses(config: HubConfig): HubAddresses {
  const hubPrefix = `${config.base_url}hub/`;
  const bind = hubBind(config);
  const connectOrigin = connectOriginOf(config, bind);
  const { public_url: publicUrl, subdomain_host: subdomainHost } = config;
  return {
    baseUrl: config.base_url,
    hubPrefix,
    apiPrefix: `${hubPrefix}api/`,
    bind,
    connectOrigin,
    apiUrl: `${connectOrigin}${hubPrefix}api`,
    publicBind: publicBindOf(config.bind_url),
    publicHost: publicUrl === '' ? subdomainHost : originOf(publicUrl),
    publicUrl,
    subdomainHost,
    places: placesOf({
      baseUrl: config.base_url,
      publicUrl,
      subdomainHost,
      hook: config.subdomain_hook,
    }),
  };
}

/** Whether only this machine can reach the address. */
export function isLoopback(bind: PublicBind): boolean {
  if (bind.kind === 'unix') return true;
  return bind.host === 'localhost' || bind.host === '::1' || /^127(\.\d{1,3}){3}$/.test(bind.host);
}

/** The line that tells a person where to go. */
export function browserUrl(addresses: HubAddresses): string {
  if (addresses.publicUrl !== '') return addresses.publicUrl;
  const { publicBind: bind, baseUrl } = addresses;
  if (bind.kind === 'unix') return `${bind.path} (a UNIX socket)${baseUrl}`;
  const host = ['', '0.0.0.0', '::'].includes(bind.host) ? 'localhost' : bracketed(bind.host);
  const usual = bind.tls ? 443 : 80;
  return `${bind.tls ? 'https' : 'http'}://${host}${bind.port === usual ? '' : `:${bind.port}`}${baseUrl}`;
}

function hubBind(config: HubConfig): HubBind {
  const parts = config.hub_bind_url === '' ? undefined : splitUrl(config.hub_bind_url);
  if (!parts) return { kind: 'tcp', host: config.hub_ip, port: config.hub_port };
  if (parts.scheme === 'http+unix') {
    return { kind: 'unix', path: decodeURIComponent(parts.host), mode: config.hub_socket_mode };
  }
  return { kind: 'tcp', ...hostAndPort(parts.host, parts.scheme) };
}

function connectOriginOf(config: HubConfig, bind: HubBind): string {
  if (config.hub_connect_url !== '') return originOf(config.hub_connect_url);
  if (bind.kind === 'unix') return `http+unix://${encodeURIComponent(bind.path)}`;
  // All interfaces is no address to connect to: the machine's name is, as JupyterHub has it.
  const everywhere = ['', '0.0.0.0', '::'].includes(bind.host);
  const host = config.hub_connect_ip || (everywhere ? hostname() : bind.host);
  return `http://${bracketed(host)}:${config.hub_connect_port || bind.port}`;
}

function publicBindOf(url: string): PublicBind {
  const parts = splitUrl(url);
  if (!parts) throw new Error(`bind_url ${url} was not checked`);
  if (parts.scheme === 'http+unix') return { kind: 'unix', path: decodeURIComponent(parts.host) };
  return { kind: 'tcp', ...hostAndPort(parts.host, parts.scheme), tls: parts.scheme === 'https' };
}

function hostAndPort(text: string, scheme: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text;
  const port = match?.[3] === undefined ? (scheme === 'https' ? 443 : 80) : Number(match[3]);
  return { host: host === '*' ? '' : host, port };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
