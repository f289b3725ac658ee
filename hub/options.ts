import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import type { ProxyClient } from '../core/plugin/proxy-client.js';
import type { HubSettings } from '../core/plugin/selection.js';
import type { SpawnerChoice } from './lifecycle/index.js';
import type { PreparedParts } from './parts/prepared.js';

/** What `cli/` chose for the hub: configuration, plug-ins, and the process around it. */
export interface HubOptions {
  readonly config: HubSettings;
  readonly authenticator: Authenticator;
  readonly spawner: SpawnerChoice & {
    readonly sharedAccount?: string | undefined;
    readonly usesAccounts?: boolean | undefined;
  };
  readonly proxy: ProxyClient;
  /** Host of a proxy that somebody else runs; its addresses count as our own proxy's in X-Forwarded-For. */
  readonly proxyHost?: string | undefined;
  /** `c.Proxy.extra_routes` */
  readonly extraRoutes: Readonly<Record<string, string>>;
  /** From `prepareParts`. */
  readonly prepared: PreparedParts;
  readonly log: Log;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the configuration start here. */
  readonly cwd: string;
  /** `--no-db`: everything in memory. */
  readonly inMemory?: boolean;
  /** The shutdown endpoint asks for an end. */
  readonly onShutdownRequest: (options: { readonly servers?: boolean; readonly proxy?: boolean }) => void;
}
