/** Rules between classes that no class can check alone. */
import { SharedPasswordAuthenticatorClass } from '../authenticators/shared-password/traits.js';
import type { HubSettings } from '../core/plugin/selection.js';
import { AnteroomClass, CryptKeeperClass, type HubConfig, JupyterHubClass } from '../hub/config.js';
import { readServiceSpecs } from '../hub/services/spec.js';

/** Faults in words; the classes' own values may be faulty too, and then their defaults stand in. */
export function crossFaults(config: HubSettings): readonly string[] {
  return [
    ...passwordFaults(config),
    ...authStateFaults(config),
    ...extraRouteFaults(config),
    ...certificateFaults(config),
    ...serviceFaults(config),
    ...cullerFaults(config),
  ];
}

function passwordFaults(config: HubSettings): readonly string[] {
  const { password_file } = config.resolution(AnteroomClass).values as { readonly password_file: string };
  if (password_file === '') return [];
  if (!config.isSelected(SharedPasswordAuthenticatorClass)) {
    return [
      "c.Anteroom.password_file: only the authenticator 'shared-password' reads it; take it out, or choose that one",
    ];
  }
  const both = (['user_password', 'admin_password', 'password_groups'] as const).filter((trait) =>
    config.resolution(config.selected.authenticator).configured.has(trait),
  );
  return both.map(
    (trait) =>
      `c.SharedPasswordAuthenticator.${trait}: is set beside c.Anteroom.password_file, which holds the passwords; take one of them out`,
  );
}

function authStateFaults(config: HubSettings): readonly string[] {
  const { enable_auth_state } = config.resolution(config.selected.authenticator).values as {
    readonly enable_auth_state?: boolean;
  };
  const { keys } = config.resolution(CryptKeeperClass).values as { readonly keys: readonly Uint8Array[] };
  if (enable_auth_state !== true || keys.length > 0) return [];
  return [
    'c.Authenticator.enable_auth_state: needs a key; set the environment variable JUPYTERHUB_CRYPT_KEY (openssl rand -hex 32) or c.CryptKeeper.keys',
  ];
}

/** A culler that was set up and not switched on would stop nothing. */
function cullerFaults(config: HubSettings): readonly string[] {
  const { configured } = config.resolution(AnteroomClass);
  const set = [...configured].filter((trait) => trait.startsWith('cull_'));
  if (set.length === 0 || configured.has('cull_enabled')) return [];
  return [
    `c.Anteroom.${set[0]}: does nothing unless c.Anteroom.cull_enabled says whether idle servers are culled; set it to true or false`,
  ];
}

/** With hosts of their own, routes begin with a host; without, never (jupyterhub.proxy 6.1.1 `extra_routes`). */
function extraRouteFaults(config: HubSettings): readonly string[] {
  const { subdomain_host } = config.resolution(JupyterHubClass).values as HubConfig;
  const { extra_routes: routes = {} } = config.resolution(config.selected.proxy).values as {
    readonly extra_routes?: Readonly<Record<string, unknown>>;
  };
  return Object.entries(routes).flatMap(([path, target]) => {
    const at = `c.Proxy.extra_routes: ${path}`;
    const faults: string[] = [];
    if (subdomain_host !== '' && path.startsWith('/'))
      faults.push(`${at} needs its host in front beside subdomain_host, e.g. 'hub.example.org${path}'`);
    if (subdomain_host === '' && !path.startsWith('/'))
      faults.push(`${at} must begin with a slash; hosts mean something only beside subdomain_host`);
    if (!String(target).includes('://')) faults.push(`${at} leads to ${target}, which is no URL`);
    return faults;
  });
}

/**
 * JupyterHub 6.1.1 goes on with http, so that browsers which are sent to https find nobody. Where others start the proxy, TLS
 * may end there.
 */
function certificateFaults(config: HubSettings): readonly string[] {
  const { bind_url, ssl_cert, ssl_key } = config.resolution(JupyterHubClass).values as HubConfig;
  const { should_start } = config.resolution(config.selected.proxy).values as {
    readonly should_start?: boolean;
  };
  if (should_start === false || ssl_cert !== '' || ssl_key !== '' || !bind_url.startsWith('https:'))
    return [];
  return [
    config.faultAt(
      JupyterHubClass,
      'bind_url',
      "is https without a certificate; set c.JupyterHub.ssl_cert and ssl_key, or write 'http://…' where TLS ends before the proxy (docs/front-proxies.md)",
    ),
  ];
}

function serviceFaults(config: HubSettings): readonly string[] {
  const { services } = config.resolution(JupyterHubClass).values as HubConfig;
  return readServiceSpecs(services).faults;
}
