/** Ways in which hub, users and services are reached, each with what the configuration says of it. */
import { join } from 'node:path';
import { packageRoot } from '../../../core/package-root.js';
import type { Ports, Situation } from './twins.js';

const TLS = join(packageRoot(), 'test/fixtures/tls');

/** The stub server writes its environment there, in the hub's folder. */
export const ENVIRONMENT_FILE = 'environment.json';

type Settings = Readonly<Record<string, unknown>>;

/** Of `c.JupyterHub`, and of `c.Spawner` beside the command. */
interface Own {
  readonly hub: Settings;
  readonly spawner?: Settings;
}

interface NamedSituation extends Situation {
  readonly name: string;
  /** Host names under which a line may ask, besides the hub's: they come after `user.` or `service.` */
  readonly subdomains: boolean;
}

function situation(
  name: string,
  where: { readonly base?: string; readonly tls?: boolean; readonly subdomains?: boolean },
  own: (ports: Ports, dir: string) => Own,
): NamedSituation {
  const { base = '', tls = false, subdomains = false } = where;
  return {
    name,
    host: 'hub.test',
    base,
    tls,
    subdomains,
    configuration: (ports, dir) => {
      const { hub, spawner = {} } = own(ports, dir);
      return {
        JupyterHub: {
          bind_url: `http://127.0.0.1:${ports.publicPort}${base}`,
          services: [
            { name: 'ext', url: 'http://127.0.0.1:9', api_token: 'token-of-ext-for-conversations' },
            { name: 'plain', api_token: 'token-of-plain-for-conversations' },
          ],
          ...hub,
        },
        Spawner: { args: ['--environment', join(dir, ENVIRONMENT_FILE)], ...spawner },
      };
    },
  };
}

const certificate = { ssl_key: join(TLS, 'server.key'), ssl_cert: join(TLS, 'server.crt') };

export const SITUATIONS: readonly NamedSituation[] = [
  situation('subdomain_host alone', { subdomains: true }, ({ publicPort }) => ({
    hub: { subdomain_host: `http://hub.test:${publicPort}` },
  })),
  situation(
    'subdomain_host below a base URL with the legacy hook',
    { base: '/x', subdomains: true },
    ({ publicPort }) => ({
      hub: { subdomain_host: `http://hub.test:${publicPort}`, subdomain_hook: 'legacy' },
      spawner: { hub_connect_url: 'http://127.0.0.1:1' },
    }),
  ),
  situation(
    '__Host- cookies on subdomains behind TLS',
    { subdomains: true, tls: true },
    ({ publicPort }) => ({
      hub: {
        ...certificate,
        subdomain_host: `https://hub.test:${publicPort}`,
        cookie_host_prefix_enabled: true,
        tornado_settings: { slow_spawn_timeout: 5, cookie_options: { SameSite: 'Lax', expires_days: 2 } },
      },
    }),
  ),
  situation('TLS of the proxy alone', { tls: true }, () => ({ hub: certificate })),
  situation('public_url below a path', { base: '/x' }, () => ({
    hub: { public_url: 'https://hub.test/outer/x/', default_url: '' },
  })),
  situation('a UNIX socket for the hub', {}, (_ports, dir) => ({
    hub: { hub_bind_url: `http+unix://${encodeURIComponent(join(dir, 'hub.sock'))}` },
  })),
  situation('hub_connect_url and hub_routespec', {}, ({ hubPort }) => ({
    hub: { hub_ip: '', hub_connect_url: `http://localhost:${hubPort}`, hub_routespec: '/hub/' },
    spawner: { hub_connect_url: `http://127.0.0.1:${hubPort}/` },
  })),
];
