import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { JsonObject } from '../core/model/json.js';
import type { HubConfig } from './config.js';
import { openStore, resetDatabase, type Store, upgradeDatabase } from './store/index.js';

/** The database of the configuration, after `reset_db` and `upgrade_db` had their say. @throws Fault DATABASE_* */
export async function openDatabase(
  hub: HubConfig,
  options: { readonly inMemory: boolean; readonly log: Log; readonly clock: Clock },
): Promise<Store> {
  const { log, clock } = options;
  const kwargs = hub.db_kwargs as JsonObject;
  const url = options.inMemory ? 'sqlite://' : hub.db_url;
  if (hub.reset_db) await resetDatabase(url, kwargs);
  if (hub.upgrade_db) {
    const { backup } = await upgradeDatabase(url, clock, kwargs);
    if (backup !== null) log.info('backed up the database', { backup });
  }
  return openStore({ url, kwargs, log, clock });
}
