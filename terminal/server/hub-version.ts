import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { JUPYTERHUB_VERSION } from '../../core/version.js';

const ATTEMPTS = 5;
const MAX_PAUSE_S = 16;

/** The version to show in `X-JupyterHub-Version`: the hub's own once it is known, so that no hub warns. */
export class HubVersion {
  #current = JUPYTERHUB_VERSION;

  get current(): string {
    return this.#current;
  }

  /**
   * Asks the hub, five times as jupyterhub-singleuser 6 does (2, 4, 8, 16, 16 s between).
   * @returns false when the hub never answered: a server without a hub is of no use
   */
  async learn(ask: () => Promise<string | undefined>, clock: Clock, log: Log): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        const version = await ask();
        if (version !== undefined) this.#accept(version, log);
        return true;
      } catch (error) {
        log.warn('no answer from the hub yet', { attempt, error: messageOf(error) });
        await clock.sleep(Math.min(2 ** attempt, MAX_PAUSE_S) * 1000);
      }
    }
    return false;
  }

  #accept(version: string, log: Log): void {
    if (version.split('.')[0] !== JUPYTERHUB_VERSION.split('.')[0]) {
      log.warn('the hub is of another major version', { hub: version, built_for: JUPYTERHUB_VERSION });
    }
    this.#current = version;
  }
}
