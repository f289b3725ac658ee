/** What `hub/lifecycle` works with, made from the configuration. */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { routeSpec } from '../../core/model/names.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import type { HubAddresses } from '../addresses.js';
import { AnteroomClass, JupyterHubClass } from '../config.js';
import type { LifecycleDeps, SpawnerChoice, StaticRoute } from '../lifecycle/index.js';
import type { Metrics } from '../metrics/index.js';
import { type Rights, serverTokenScopes } from '../rbac/index.js';
import { refreshBefore } from '../refresh-before.js';
import type { Services } from '../services/index.js';
import type { Accounts, Admission, AuthRefresh } from '../session/index.js';
import type { Store } from '../store/types.js';
import type { TornadoSettings } from '../tornado-settings.js';

export interface LifecyclePartsOptions {
  readonly config: HubSettings;
  readonly tornado: TornadoSettings;
  readonly addresses: HubAddresses;
  readonly store: Store;
  readonly rights: Rights;
  readonly proxy: ProxyClient;
  readonly spawner: SpawnerChoice;
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly refresh: AuthRefresh;
  readonly admission: Admission;
  readonly outputDir: string;
  readonly hubId: string;
  /** `c.Proxy.extra_routes`: from a path to a URL. */
  readonly extraRoutes: Readonly<Record<string, string>>;
  readonly services: Pick<Services, 'routes'>;
  readonly metrics: Pick<Metrics, 'lifecycle'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

const FOREVER_MS = 86_400_000;

export function lifecycleDeps(options: LifecyclePartsOptions): LifecycleDeps {
  const { config, addresses, store, rights, accounts, admission, clock, log } = options;
  const hub = config.of(JupyterHubClass);
  const anteroom = config.of(AnteroomClass);
  const [least = 30, most = 60] = hub.spawn_throttle_retry_range;
  const { publicUrl } = addresses;
  return {
    store,
    proxy: options.proxy,
    spawner: options.spawner,
    clock,
    log,
    settings: {
      baseUrl: addresses.baseUrl,
      apiUrl: addresses.apiUrl,
      publicHost: addresses.publicHost,
      // The hub's path replaces that of public_url, which may lie deeper (jupyterhub 6.1.1 user.py).
      publicHubUrl: publicUrl === '' ? '' : `${addresses.publicHost}${addresses.hubPrefix}`,
      places: addresses.places,
      adminAccess: hub.admin_access,
      cookieOptions: options.tornado.rawCookieOptions,
      cookieHostPrefixEnabled: hub.cookie_host_prefix_enabled,
      concurrentSpawnLimit: hub.concurrent_spawn_limit,
      activeServerLimit: hub.active_server_limit,
      spawnQueueLimit: anteroom.spawn_queue_limit,
      spawnQueueMs: anteroom.spawn_queue_timeout * 1000,
      spawnBreakerMs: anteroom.spawn_breaker_seconds * 1000,
      spawnThrottleRetryRange: [least, most],
      initSpawnersTimeoutMs:
        hub.init_spawners_timeout < 0 ? FOREVER_MS : Math.max(1, hub.init_spawners_timeout) * 1000,
      lastActivityIntervalMs: hub.last_activity_interval * 1000,
      cleanupServers: hub.cleanup_servers,
      hubId: options.hubId,
      outputDir: options.outputDir,
      outputBytes: anteroom.spawner_log_bytes,
      processLimit: anteroom.process_limit,
    },
    tokenScopes: async (server, configured) => {
      const granted = await serverTokenScopes(store, rights, server, configured);
      if (granted.excluded.length > 0) {
        log.debug("a server's token does not get all scopes", {
          user: server.user.name,
          excluded: granted.excluded,
        });
      }
      return granted.scopes;
    },
    staticRoutes: () => staticRoutes(options),
    authState: (user) => accounts.authState(user),
    isBlocked: (user) => admission.isBlocked(user.name),
    ...refreshBefore(config.of(config.selected.authenticator), options.refresh, log),
    authenticator: options.authenticator,
    hubEnvironment: options.environment,
    observe: (event) => options.metrics.lifecycle(event),
  };
}

/** The hub's own route, those of services and of `extra_routes`. */
function staticRoutes({
  config,
  addresses,
  extraRoutes,
  services,
}: LifecyclePartsOptions): readonly StaticRoute[] {
  const hub = config.of(JupyterHubClass);
  return [
    { spec: routeSpec(hub.hub_routespec), target: addresses.connectOrigin, data: { hub: true } },
    ...services.routes(),
    ...Object.entries(extraRoutes).map(([path, target]) => ({
      spec: routeSpec(path),
      target,
      data: { extra: true },
    })),
  ];
}
