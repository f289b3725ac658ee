/**
 * When users and tokens were last active. Every request would otherwise be a write: newer activity is gathered
 * and written a few seconds later, in one statement for all, and at close. JupyterHub's rule of what is worth
 * writing is kept (`_record_activity`, 6.1.1).
 */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { type Timestamp, timestamp, timestampMillis } from '../../core/model/time.js';
import type { Store, TokenRecord, UserRecord } from '../store/types.js';

const FLUSH_MS = 5000;
/** Written at once beyond this, so that the map stays small. */
const MAX_PENDING = 10_000;

export interface ActivityOptions {
  readonly store: Pick<Store, 'users' | 'tokens'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Seconds; 0 writes every time. */
  readonly resolutionSeconds: number;
}

export class ActivityRecorder implements AsyncDisposable {
  readonly #options: ActivityOptions;
  readonly #timer: Disposable;
  #users = new Map<number, Timestamp>();
  #tokens = new Map<number, Timestamp>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#timer = every(
      FLUSH_MS,
      () => this.flush(),
      (error) => options.log.error('activity could not be written', { error: messageOf(error) }),
    );
  }

  user(user: UserRecord): void {
    this.#record(this.#users, user.id, user.lastActivity);
  }

  token(token: TokenRecord): void {
    this.#record(this.#tokens, token.id, token.lastActivity);
  }

  /** When it was last used, counting what is not written yet. */
  lastOfUser(user: Pick<UserRecord, 'id' | 'lastActivity'>): Timestamp | null {
    return later(user.lastActivity, this.#users.get(user.id));
  }

  lastOfToken(token: Pick<TokenRecord, 'id' | 'lastActivity'>): Timestamp | null {
    return later(token.lastActivity, this.#tokens.get(token.id));
  }

  /** Writes what is gathered. One after another; what fails to be written is kept for the next time. */
  flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.flush();
  }

  #record(pending: Map<number, Timestamp>, id: number, last: Timestamp | null): void {
    const { clock, resolutionSeconds, log } = this.#options;
    const now = clock.now();
    const seen = pending.get(id) ?? last;
    if (seen !== null && resolutionSeconds > 0 && now - timestampMillis(seen) <= resolutionSeconds * 1000) {
      return;
    }
    pending.set(id, timestamp(now));
    if (pending.size < MAX_PENDING) return;
    this.flush().catch((error) => log.error('activity could not be written', { error: messageOf(error) }));
  }

  async #write(): Promise<void> {
    const { store } = this.#options;
    const users = this.#users;
    const tokens = this.#tokens;
    this.#users = new Map();
    this.#tokens = new Map();
    try {
      if (users.size > 0) await store.users.touch(users);
      users.clear();
      if (tokens.size > 0) await store.tokens.touch(tokens);
    } catch (error) {
      this.#users = new Map([...users, ...this.#users]);
      this.#tokens = new Map([...tokens, ...this.#tokens]);
      throw error;
    }
  }
}

function later(stored: Timestamp | null, gathered: Timestamp | undefined): Timestamp | null {
  if (gathered === undefined) return stored;
  return stored === null || timestampMillis(stored) < timestampMillis(gathered) ? gathered : stored;
}
