/** `hub/system-accounts`, made from the configuration. */
import { StartupFault } from '../../core/fault.js';
import type { HubOptions } from '../options.js';
import type { Admission } from '../session/index.js';
import { SystemAccounts, systemAccountFaults, systemAccountSettings } from '../system-accounts/index.js';

/** @throws StartupFault for settings that cannot be */
export function makeSystemAccounts(options: HubOptions, admission: Admission): SystemAccounts {
  const { config, authenticator, spawner, clock, log } = options;
  const settings = systemAccountSettings(config);
  const faults = systemAccountFaults(settings);
  if (faults.length > 0) throw new StartupFault(faults);
  return new SystemAccounts({
    settings,
    serversUseAccounts: spawner.usesAccounts ?? false,
    provenAccounts: authenticator.provesAccounts ?? false,
    // now: with allow_existing_users more names come in, which nobody listed
    listed: new Set(admission.configuredUsers),
    clock,
    log,
  });
}
