/**
 * How fast passwords may be guessed. Only failures count (sign-in-failures.ts), so any number of people behind one address
 * get in at once. A name from one address is slower with every failure, one attempt at a time. A name is slowed, never locked: whoever comes from an address that has not failed
 * for it waits no longer than the longest wait, however many guessers there are. Whoever need not wait is never told to
 * come later for others who do (sign-in-waiters.ts). What was typed is kept only as a keyed digest.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { BoundedMap } from './bounded-map.js';
import { placeOf } from './place.js';
import { type Failures, SignInFailures, type SignInLimitSettings } from './sign-in-failures.js';
import { enqueue, type Line, release } from './sign-in-line.js';
import { type SignInWaiter, SignInWaiters } from './sign-in-waiters.js';

export type Admitted =
  | { readonly kind: 'go'; readonly attempt: Attempt }
  | { readonly kind: 'later'; readonly retryAfterSeconds: number };

export interface Attempt {
  /** Once, whatever came of it; `undetermined` (the directory is down) counts as neither. */
  finish(result: 'succeeded' | 'failed' | 'undetermined'): void;
}

const MAX_ENTRIES = 20_000;
/** Attempts of one guesser that may wait; the rest are told to come later. */
const MAX_QUEUE = 3;
/** Passwords of one address that are checked at once: checking takes a processor's time, which others need too. */
const AT_ONCE = 20;

interface Pair extends Line, Failures {
  /** Attempts that have not begun. */
  waiting: number;
  notBefore: number;
}

interface Admission {
  readonly place: string;
  readonly pairKey: string;
  readonly pair: Pair;
  readonly nameKey: string;
  /** None for whoever got in before: their passwords are likely right. */
  readonly line: Line | undefined;
}

export class SignInLimits implements Disposable {
  readonly #settings: SignInLimitSettings;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #pairs = new BoundedMap<Pair>(MAX_ENTRIES, (pair) => pair.active === 0 && pair.waiting === 0);
  readonly #failures: SignInFailures;
  /** Pairs that got in: a guesser elsewhere does not slow them. */
  readonly #known = new BoundedMap<true>(MAX_ENTRIES);
  readonly #lines = new Map<string, Line>();
  readonly #waiters = new SignInWaiters();

  constructor(settings: SignInLimitSettings, clock: Clock) {
    this.#settings = settings;
    this.#failures = new SignInFailures(settings, clock);
    this.#clock = clock;
  }

  /** Nobody waits any more: the hub ends. */
  [Symbol.dispose](): void {
    this.#waiters[Symbol.dispose]();
  }

  /**
   * Waits for its turn.
   * @param name as typed, normalised
   * @param gone the browser has gone
   * @throws Fault when browser or hub goes meanwhile
   */
  async admit(address: string, name: string, gone?: AbortSignal): Promise<Admitted> {
    const place = placeOf(address);
    const closed = this.#failures.addressClosedFor(place);
    if (closed > 0) return later(closed);
    // Nothing was typed: a header names the user, and strangers must not wait for each other.
    if (name === '') return { kind: 'go', attempt: this.#namelessAttempt(place) };
    const pairKey = this.#digest(`${place}\n${name}`);
    const nameKey = this.#digest(name);
    const pair = this.#pair(pairKey);
    const isKnown = this.#known.get(pairKey) !== undefined;
    const nameDelay = isKnown ? 0 : this.#failures.nameDelay(nameKey);
    const line = isKnown ? undefined : this.#line(place);
    const go = (): Admitted => ({
      kind: 'go',
      attempt: this.#attempt({ place, pairKey, pair, nameKey, line }),
    });
    if (nameDelay === 0 && this.#isFree(pair) && (!line || hasRoom(line))) {
      pair.active += 1;
      if (line) line.active += 1;
      return go();
    }
    const pairDelay = this.#failures.delay(pair.failures);
    if (pairDelay > 0 && pair.waiting >= MAX_QUEUE) return later((pair.waiting + 1) * pairDelay);
    const why = pairDelay > 0 ? 'failed' : nameDelay > 0 ? 'slowed' : 'behind';
    const waiter = this.#waiters.enter(place, why, gone);
    if (!waiter) return later(pairDelay || nameDelay || this.#settings.login_backoff_max_seconds * 1000);
    pair.waiting += 1;
    try {
      await this.#pause(nameDelay, waiter.signal);
      if (!(await this.#turn(pair, waiter)))
        return later((MAX_QUEUE + 1) * this.#failures.delay(pair.failures));
      if (line) {
        const shut = await this.#placeTurn(place, line, pair, waiter);
        if (shut > 0) return later(shut);
      }
    } finally {
      waiter.leave();
      pair.waiting -= 1;
      this.#forgetIdle(place);
    }
    return go();
  }

  /** Whether an attempt may begin without a wait, and overtakes nobody by that. */
  #isFree(pair: Pair): boolean {
    return pair.waiting === 0 && pair.active < this.#permits(pair) && pair.notBefore <= this.#clock.now();
  }

  /** One at a time once a pair has to wait; before that as many as may still fail. */
  #permits(pair: Pair): number {
    return Math.max(1, this.#settings.login_failures_before_backoff - pair.failures);
  }

  /** @returns false for whoever is told to come later, because too many of a pair that has failed wait */
  async #turn(pair: Pair, waiter: SignInWaiter): Promise<boolean> {
    for (;;) {
      const slowed = this.#failures.delay(pair.failures) > 0;
      if (slowed && (pair.queue.length >= MAX_QUEUE || !waiter.hasFailed())) {
        // It may have been woken, and whoever is next would be forgotten.
        pair.queue[0]?.wake();
        return false;
      }
      if (pair.active < this.#permits(pair)) break;
      if (!(await enqueue(pair, waiter))) return false;
    }
    // Taken before the wait, so that nobody overtakes.
    pair.active += 1;
    try {
      await this.#pause(pair.notBefore - this.#clock.now(), waiter.signal);
    } catch (error) {
      release(pair);
      throw error;
    }
    return true;
  }

  /** Behind others of the address. @returns milliseconds for which the address is closed meanwhile */
  async #placeTurn(place: string, line: Line, pair: Pair, waiter: SignInWaiter): Promise<number> {
    try {
      while (line.active >= AT_ONCE) await enqueue(line, waiter);
      waiter.signal.throwIfAborted();
    } catch (error) {
      release(pair);
      release(line, 0);
      throw error;
    }
    const closed = this.#failures.addressClosedFor(place);
    if (closed === 0) {
      line.active += 1;
      return 0;
    }
    release(pair);
    release(line, 0);
    return closed;
  }

  #line(place: string): Line {
    const line = this.#lines.get(place) ?? { active: 0, queue: [] };
    this.#lines.set(place, line);
    return line;
  }

  #forgetIdle(place: string): void {
    const line = this.#lines.get(place);
    if (line && line.active === 0 && line.queue.length === 0) this.#lines.delete(place);
  }

  /** A pair that has to be slowed now may have a crowd waiting that was let in before. */
  #thin(pair: Pair): void {
    if (this.#failures.delay(pair.failures) === 0) return;
    let kept = 0;
    for (const queued of [...pair.queue]) {
      if (kept < MAX_QUEUE && queued.waiter.hasFailed()) kept += 1;
      else queued.turnAway();
    }
  }

  #attempt({ place, pairKey, pair, nameKey, line }: Admission): Attempt {
    let open = true;
    return {
      finish: (result) => {
        if (!open) return;
        open = false;
        if (result === 'failed') this.#countFailure(place, pair, nameKey);
        if (result === 'succeeded') {
          pair.failures = 0;
          pair.notBefore = 0;
          this.#known.set(pairKey, true);
        }
        release(pair);
        if (line) release(line);
        this.#forgetIdle(place);
      },
    };
  }

  #namelessAttempt(place: string): Attempt {
    let open = true;
    return {
      finish: (result) => {
        if (open && result === 'failed') this.#failures.countAddress(place);
        open = false;
      },
    };
  }

  #countFailure(place: string, pair: Pair, nameKey: string): void {
    const now = this.#clock.now();
    pair.failures += 1;
    pair.lastFailure = now;
    pair.notBefore = now + this.#failures.delay(pair.failures);
    this.#thin(pair);
    this.#failures.countName(nameKey);
    this.#failures.countAddress(place);
  }

  #pair(key: string): Pair {
    const known = this.#pairs.get(key);
    if (known && (known.failures === 0 || !this.#failures.isForgotten(known))) return known;
    const pair = known ?? { failures: 0, lastFailure: 0, active: 0, waiting: 0, notBefore: 0, queue: [] };
    pair.failures = 0;
    pair.notBefore = 0;
    this.#pairs.set(key, pair);
    return pair;
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, signal);
    signal.throwIfAborted();
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }
}

function later(ms: number): Admitted {
  return { kind: 'later', retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) };
}

function hasRoom(line: Line): boolean {
  return line.active < AT_ONCE && line.queue.length === 0;
}
