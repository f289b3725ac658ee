/**
 * Where the servers of users and the services are: for browsers, and in the proxy's table. With `subdomain_host` each
 * has a host of its own, without it all share the hub's (jupyterhub 6.1.1 `User.url`, `User.public_url`,
 * `User.proxy_spec`, `Service.href`, `Service.proxy_spec`). No I/O.
 */
import { Fault, messageOf } from '../core/fault.js';
import { type RouteSpec, routeSpec, serverPath } from '../core/model/names.js';
import type { SubdomainHook } from './hub-traits.js';
import { idnaSubdomain, legacySubdomain, type SubdomainKind } from './subdomains.js';
import { originOf, splitUrl } from './urls.js';

/** The part of `Places` that servers of users need. */
export interface UserPlaces {
  /** `https://alice.hub.example.org`, or empty where users share the hub's host. */
  userOrigin(user: string): string;
  /** The key in the proxy's table of a path, as it is in URLs, on the user's host. */
  userRoute(user: string, path: string): RouteSpec;
  /** What browsers call a path on the user's host; empty when the hub does not know its public address. */
  publicUrl(user: string, path: string): string;
  /** Where a server is that starts now: `/user/alice/gpu/`, with the user's host in front where there is one. */
  serverUrl(user: string, server: string): string;
}

export interface Places extends UserPlaces {
  readonly subdomains: boolean;
  /** Host name that the session's cookie is for; `undefined`: the host that set it. */
  readonly cookieDomain: string | undefined;
  serviceOrigin(service: string): string;
  serviceRoute(service: string, path: string): RouteSpec;
}

export interface PlacesOptions {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** Empty when not configured. */
  readonly publicUrl: string;
  /** Empty: nobody has a host of their own. */
  readonly subdomainHost: string;
  /** `idna`, `legacy` or a function. */
  readonly hook: unknown;
}

export function placesOf({ baseUrl, publicUrl, subdomainHost, hook }: PlacesOptions): Places {
  const publicOrigin = originOf(publicUrl);
  const hosts = subdomainHost === '' ? undefined : new Hosts(subdomainHost, publicUrl, hookOf(hook));
  const userOrigin = (user: string): string => hosts?.userOrigin(user) ?? '';
  return {
    subdomains: hosts !== undefined,
    cookieDomain: hosts?.userDomain,
    userOrigin,
    serverUrl: (user, server) => `${userOrigin(user)}${serverPath(baseUrl, user, server)}`,
    userRoute: (user, path) => routeSpec(`${hosts?.userHost(user) ?? ''}${path}`),
    publicUrl: (user, path) => {
      const origin = hosts ? hosts.userOrigin(user) : publicOrigin;
      return origin === '' ? '' : `${origin}${path}`;
    },
    serviceOrigin: (service) => hosts?.serviceOrigin(service) ?? '',
    serviceRoute: (service, path) => routeSpec(`${hosts?.serviceHost(service) ?? ''}${path}`),
  };
}

function hookOf(hook: unknown): SubdomainHook {
  if (typeof hook === 'function') return checked(hook as SubdomainHook);
  return (hook === 'legacy' ? legacySubdomain : idnaSubdomain) as SubdomainHook;
}

/** What stands in a host name; a route's key must not be taken for another host or path. */
const HOST = /^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_.-]*$/u;

function checked(hook: SubdomainHook): SubdomainHook {
  const fault = (detail: string, cause?: unknown): Fault =>
    new Fault('SUBDOMAIN_HOOK', 'The hub cannot make an address. An administrator has to look at its log.', {
      detail: `c.JupyterHub.subdomain_hook ${detail}`,
      cause,
    });
  return (name, domain, kind) => {
    let host: unknown;
    try {
      host = hook(name, domain, kind);
    } catch (error) {
      throw fault(`failed for the ${kind} ${name}: ${messageOf(error)}`, error);
    }
    if (typeof host !== 'string' || !HOST.test(host)) {
      throw fault(`returned ${JSON.stringify(host)} for the ${kind} ${name}, which is no host name`);
    }
    return host;
  };
}

/** Names of hosts below the hub's. Those of users follow `public_url`, those of services `subdomain_host`, as there. */
class Hosts {
  readonly userDomain: string;
  readonly #serviceDomain: string;
  readonly #scheme: string;
  /** `:8000`, or empty. */
  readonly #port: string;
  readonly #hook: SubdomainHook;

  constructor(subdomainHost: string, publicUrl: string, hook: SubdomainHook) {
    const { scheme, name, port } = hostParts(subdomainHost);
    this.#scheme = scheme;
    this.#port = port;
    this.#serviceDomain = name;
    this.userDomain = publicUrl === '' ? name : hostParts(publicUrl).name;
    this.#hook = hook;
  }

  userOrigin(user: string): string {
    return this.#origin(this.#hook(user, this.userDomain, 'user'));
  }

  serviceOrigin(service: string): string {
    return this.#origin(this.#hook(service, this.#serviceDomain, 'service'));
  }

  userHost(user: string): string {
    return this.#routed(user, this.userDomain, 'user');
  }

  serviceHost(service: string): string {
    return this.#routed(service, this.#serviceDomain, 'service');
  }

  /** Browsers send a Host in lower case, and the proxy compares as it stands. */
  #routed(name: string, domain: string, kind: SubdomainKind): string {
    return this.#hook(name, domain, kind).toLowerCase();
  }

  #origin(host: string): string {
    return `${this.#scheme}://${host}${this.#port}`;
  }
}

/** Python's `urlparse(...).hostname` (in lower case) and `.port` of a URL that was checked. */
function hostParts(url: string): { readonly scheme: string; readonly name: string; readonly port: string } {
  const { scheme, host } = splitUrl(url) ?? { scheme: '', host: '' };
  const [, name = '', port = ''] = /^(.*?)(:\d+)?$/.exec(host) ?? [];
  return { scheme, name: name.toLowerCase(), port };
}
