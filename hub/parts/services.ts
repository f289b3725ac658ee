/** What `hub/services` works with, made from the configuration. */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import type { HubAddresses } from '../addresses.js';
import { AnteroomClass, JupyterHubClass } from '../config.js';
import type { Rights } from '../rbac/index.js';
import { Services } from '../services/index.js';
import type { Store } from '../store/types.js';

export interface ServicePartsOptions {
  readonly config: HubSettings;
  readonly addresses: HubAddresses;
  readonly store: Store;
  readonly rights: Rights;
  readonly cwd: string;
  readonly outputDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

export function makeServices(options: ServicePartsOptions): Services {
  const { config, addresses, store, rights, clock, log } = options;
  const hub = config.of(JupyterHubClass);
  return new Services({
    store,
    rights,
    settings: {
      services: hub.services,
      serviceTokens: hub.service_tokens,
      trustedTokens: hub.trust_user_provided_tokens,
      checkMs: hub.service_check_interval * 1000,
      cwd: options.cwd,
      outputDir: options.outputDir,
      outputBytes: config.of(AnteroomClass).spawner_log_bytes,
    },
    addresses,
    hubEnvironment: options.environment,
    clock,
    log,
  });
}
