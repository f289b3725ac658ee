/**
 * What the public addresses of hub, users and services must be like, and what is better known before a browser finds
 * out (jupyterhub.app 6.1.1 checks little of it and warns of some). Pure.
 */
import { isIP } from 'node:net';
import type { IsSet, RuleFault } from '../core/config/declare.js';
import { portFault, splitUrl } from './urls.js';

/** The part of the hub's configuration that these rules touch. */
export interface AddressValues {
  readonly base_url: string;
  readonly cookie_host_prefix_enabled: boolean;
  readonly hub_routespec: string;
  readonly public_url: string;
  readonly subdomain_hook: unknown;
  readonly subdomain_host: string;
}

type Fault = RuleFault<AddressValues>;

export function addressRules(values: AddressValues, isSet: IsSet<AddressValues>): readonly Fault[] {
  return [
    ...baseUrlRules(values),
    ...(isSet('public_url') ? publicUrlRules(values) : []),
    ...subdomainRules(values),
    ...hookRules(values),
    ...routeRules(values, isSet),
    ...cookieRules(values),
  ];
}

/** The proxy decodes every path before it looks for its route. */
function baseUrlRules({ base_url: base }: AddressValues): readonly Fault[] {
  try {
    decodeURIComponent(base);
    return [];
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    const message = `(or the path of bind_url) is ${base}, with escapes that are no UTF-8; write e.g. '/caf%C3%A9/'`;
    return [{ trait: 'base_url', message }];
  }
}

function publicUrlRules({ public_url: url }: AddressValues): readonly Fault[] {
  const fault = url === '' ? undefined : hostFault(url);
  return fault === undefined
    ? []
    : [{ trait: 'public_url', message: `${fault}; write e.g. 'https://hub.example.org/'` }];
}

function subdomainRules({ subdomain_host: host, public_url: publicUrl }: AddressValues): readonly Fault[] {
  if (host === '') return [];
  const advice = "write e.g. 'https://hub.example.org'";
  const parts = splitUrl(host);
  const fault =
    hostFault(host) ?? (parts?.path ? `names the path ${parts.path}, which belongs in base_url` : undefined);
  if (fault !== undefined) return [{ trait: 'subdomain_host', message: `${fault}; ${advice}` }];
  const name = nameOf(host);
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) {
    const message = `is the address ${name}, which can have no hosts below it; name a host`;
    return [{ trait: 'subdomain_host', message }];
  }
  if (publicUrl === '' || nameOf(publicUrl) === name) return [];
  const message = `names another host than public_url (${nameOf(publicUrl)}), below which users' hosts are then, while those of services are below ${name}`;
  return [{ trait: 'subdomain_host', message, warning: true }];
}

function hookRules({ subdomain_hook: hook, subdomain_host: host }: AddressValues): readonly Fault[] {
  if (typeof hook === 'string' && hook !== 'idna' && hook !== 'legacy') {
    return [{ trait: 'subdomain_hook', message: `must be 'idna', 'legacy' or a function` }];
  }
  if (hook !== 'legacy' || host === '') return [];
  const message =
    "'legacy' is deprecated: it can make names that DNS does not take; 'idna' is the default since 5.0";
  return [{ trait: 'subdomain_hook', message, warning: true }];
}

function routeRules(values: AddressValues, isSet: IsSet<AddressValues>): readonly Fault[] {
  const { hub_routespec: spec, base_url: base } = values;
  if (!isSet('hub_routespec') || spec === '/' || spec === base) return [];
  const unreached = values.subdomain_host === '' && !`${base}hub/api/`.startsWith(spec);
  const message = unreached
    ? `${spec} does not lead to ${base}hub/api/: no request of the API comes in from outside`
    : `only what begins with ${spec} reaches the hub; without another target for the rest, pages of stopped servers are missing`;
  return [{ trait: 'hub_routespec', message, warning: true }];
}

function cookieRules(values: AddressValues): readonly Fault[] {
  if (!values.cookie_host_prefix_enabled) return [];
  const faults: Fault[] = [];
  const add = (message: string): void => {
    faults.push({ trait: 'cookie_host_prefix_enabled', message, warning: true });
  };
  if (values.public_url.startsWith('http:')) {
    add('browsers keep such cookies of https pages only, and public_url is http: nobody will stay signed in');
  }
  if (values.subdomain_host === '') {
    add("such cookies are sent to every user's server of the host; set subdomain_host beside it");
  }
  return faults;
}

/** A sentence when that is no address of a web site. */
function hostFault(url: string): string | undefined {
  const fault = portFault(url);
  if (fault !== undefined) return fault;
  const { scheme, host } = splitUrl(url) ?? { scheme: '', host: '' };
  if (scheme !== 'http' && scheme !== 'https') return `has the scheme ${scheme}, not http or https`;
  if (/^(?::|$)/.test(host)) return 'names no host';
  return /^(?:\[[0-9a-f:.]+\]|[\p{L}\p{M}\p{N}_.-]+)(?::\d+)?$/iu.test(host)
    ? undefined
    : `has a host that is none: ${host}`;
}

function nameOf(url: string): string {
  return (splitUrl(url)?.host ?? '').replace(/:\d+$/, '').toLowerCase();
}
