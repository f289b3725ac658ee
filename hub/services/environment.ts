/** The environment of a managed service (JupyterHub 6.1.1 services/service.py `start`, spawner.py `get_env`). */
import type { Account } from '../../core/account.js';
import { serverEnvironment } from '../../core/wire/server-environment.js';
import { originOf } from '../urls.js';
import type { ServicePlaces } from './entry.js';
import type { ServiceSpec } from './spec.js';

/** Of the hub's own environment; fixed, as the settings of spawners say nothing about services. */
const KEPT = [
  'JUPYTERHUB_SINGLEUSER_APP',
  'CONDA_DEFAULT_ENV',
  'CONDA_ROOT',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'PATH',
  'PYTHONPATH',
  'VIRTUAL_ENV',
] as const;

export interface ServiceAddresses {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** `JUPYTERHUB_API_URL`, without trailing slash. */
  readonly apiUrl: string;
  /** `JUPYTERHUB_HOST`: origin of public_url, or empty. */
  readonly publicHost: string;
  /** `public_url` with base URL, or empty. */
  readonly publicUrl: string;
  readonly places: ServicePlaces;
}

export interface ServiceEnvironment {
  readonly spec: ServiceSpec;
  /** `/services/NAME/` with the base URL in front. */
  readonly prefix: string;
  readonly apiToken: string;
  readonly addresses: ServiceAddresses;
  /** The account to become. */
  readonly account: Account | undefined;
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
}

export function serviceEnvironment(service: ServiceEnvironment): Record<string, string> {
  const { spec, prefix, addresses, account } = service;
  const reached = spec.url !== '';
  const hubOrigin = originOf(addresses.publicUrl);
  const ownOrigin = addresses.places.serviceOrigin(spec.name);
  const publicOrigin = ownOrigin || hubOrigin;
  const {
    JUPYTERHUB_ACTIVITY_URL: _none,
    JUPYTERHUB_SERVICE_PREFIX: _own,
    ...env
  } = serverEnvironment({
    userName: spec.user,
    serverName: '',
    apiToken: service.apiToken,
    adminAccess: false,
    clientId: spec.oauthClientId,
    // JupyterHub hands neither cookie setting on to services
    cookieOptions: {},
    cookieHostPrefixEnabled: false,
    publicHost: addresses.publicHost,
    oauthCallbackUrl: reached ? `${ownOrigin}${prefix}oauth_callback` : 'oauth_callback',
    accessScopes: ['access:services', `access:services!service=${spec.name}`],
    clientAllowedScopes: [],
    apiUrl: addresses.apiUrl,
    baseUrl: addresses.baseUrl,
    servicePrefix: '/',
    internalSsl: false,
    ip: '127.0.0.1',
    port: 0,
    publicUrl: reached && publicOrigin !== '' ? `${publicOrigin}${prefix}` : '',
    publicHubUrl: hubOrigin === '' ? '' : `${hubOrigin}${addresses.baseUrl}hub/`,
    inherited: kept(service.hubEnvironment),
  });
  return {
    ...env,
    ...spec.environment,
    JUPYTERHUB_SERVICE_NAME: spec.name,
    ...(reached && { JUPYTERHUB_SERVICE_URL: spec.url, JUPYTERHUB_SERVICE_PREFIX: prefix }),
    ...(account && {
      USER: account.name,
      ...(account.home !== '' && { HOME: account.home }),
      ...(account.shell !== '' && { SHELL: account.shell }),
    }),
  };
}

function kept(from: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of KEPT) {
    const value = from[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
