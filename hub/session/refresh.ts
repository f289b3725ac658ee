/**
 * Whether what is known of a signed-in user is still fresh: `Authenticator.auth_refresh_age` and the rules around
 * it (JupyterHub 6.1.1 `refresh_auth`). The clock is monotonic and in memory: after a restart the first
 * request asks again.
 */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type { Requester } from '../principal.js';
import type { UserRecord } from '../store/types.js';
import type { Accounts } from './accounts.js';

const MAX_REMEMBERED = 50_000;
/** How long a user is left alone after nobody could be asked: a provider that is down is not asked at every request. */
const STALE_SECONDS = 30;

interface RefreshSettings {
  /** 0: never, not even when forced (a quirk of JupyterHub that is kept). */
  readonly auth_refresh_age: number;
  readonly auth_refresh_strict: boolean;
}

interface RefreshOptions {
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly settings: RefreshSettings;
  readonly clock: Clock;
  readonly log: Log;
}

export class AuthRefresh {
  readonly #options: RefreshOptions;
  /** User id to the monotonic millisecond at which to ask again; asked longest ago first. */
  readonly #due = new Map<number, number>();
  readonly #running = new Map<number, Promise<UserRecord | undefined>>();

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** A sign-in is as good as a refresh. */
  signedIn(userId: number): void {
    this.#remember(userId, this.#options.settings.auth_refresh_age);
  }

  /**
   * The user as the authenticator sees them now; `undefined` when they have to sign in again.
   * @throws Fault when the directory is down
   */
  async current(user: UserRecord, requester: Requester, force = false): Promise<UserRecord | undefined> {
    const { authenticator, settings, clock, log } = this.#options;
    if (settings.auth_refresh_age <= 0 || !authenticator.refreshUser) return user;
    const due = this.#due.get(user.id);
    if (due !== undefined && clock.monotonic() < due && !force) return user;
    const refreshed = await this.#refreshOnce(user);
    if (refreshed) return refreshed;
    log.warn('sign-in is stale and has to be renewed', { user: user.name, requester });
    return requester === 'own-browser' || settings.auth_refresh_strict ? undefined : user;
  }

  /** Requests that come together ask the directory once. */
  #refreshOnce(user: UserRecord): Promise<UserRecord | undefined> {
    const running = this.#running.get(user.id);
    if (running) return running;
    const started = this.#refresh(user).finally(() => this.#running.delete(user.id));
    this.#running.set(user.id, started);
    return started;
  }

  async #refresh(user: UserRecord): Promise<UserRecord | undefined> {
    const { authenticator, accounts, settings, log } = this.#options;
    const authState = await accounts.authState(user);
    const outcome = (await authenticator.refreshUser?.(user.name, authState)) ?? { kind: 'valid' };
    if (outcome.kind === 'expired') return undefined;
    if (outcome.kind === 'stale') {
      log.warn('a sign-in could not be renewed and stands for now', { user: user.name, why: outcome.why });
      this.#remember(user.id, Math.min(STALE_SECONDS, settings.auth_refresh_age));
      return user;
    }
    // Written before it counts as fresh: who fails here is asked again.
    const current = outcome.kind === 'updated' ? await accounts.applyRefresh(user, outcome.model) : user;
    this.#remember(user.id, settings.auth_refresh_age);
    return current;
  }

  #remember(userId: number, seconds: number): void {
    this.#due.delete(userId);
    this.#due.set(userId, this.#options.clock.monotonic() + seconds * 1000);
    if (this.#due.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#due.keys();
    if (oldest !== undefined) this.#due.delete(oldest);
  }
}
