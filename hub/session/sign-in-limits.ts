/**
 * How fast passwords may be guessed. Only failures count, so any number of people behind one address get in at once.
 *
 * Three counts: of a name from one address (slower with every failure, one attempt at a time), of a name from
 * anywhere (every attempt waits, unless it comes from where that name got in before), and of an address over all
 * names (a high ceiling per minute). A name is slowed, never locked: whoever comes from an address that has not failed
 * for it waits no longer than the longest wait, however many guessers there are. Whoever need not wait is never told to
 * come later for others who do (sign-in-waiters.ts). What was typed is kept only as a keyed digest.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { BoundedMap } from './bounded-map.js';
import { placeOf } from './place.js';
import { enqueue, type Line, release } from './sign-in-line.js';
import { type SignInWaiter, SignInWaiters } from './sign-in-waiters.js';

export interface SignInLimitSettings {
  /** Failures of a name before it has to wait. */
  readonly login_failures_before_backoff: number;
  readonly login_backoff_base_seconds: number;
  readonly login_backoff_max_seconds: number;
  /** 0: no ceiling. */
  readonly login_failures_per_minute_per_address: number;
}

export type Admitted =
  | { readonly kind: 'go'; readonly attempt: Attempt }
  | { readonly kind: 'later'; readonly retryAfterSeconds: number };

export interface Attempt {
  /** Once, whatever came of it; `undetermined` (the directory is down) counts as neither. */
  finish(result: 'succeeded' | 'failed' | 'undetermined'): void;
}

/** Failures older than this are forgotten. */
const FORGET_MS = 15 * 60_000;
const WINDOW_MS = 60_000;
const MAX_ENTRIES = 20_000;
/** Attempts of one guesser that may wait; the rest are told to come later. */
const MAX_QUEUE = 3;
/** Passwords of one address that are checked at once: checking takes a processor's time, which others need too. */
const AT_ONCE = 20;

interface Pair extends Line {
  failures: number;
  lastFailure: number;
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

interface Name {
  failures: number;
  lastFailure: number;
}

interface Address {
  windowStart: number;
  failures: number;
}

export class SignInLimits implements Disposable {
  readonly #settings: SignInLimitSettings;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #pairs = new BoundedMap<Pair>(MAX_ENTRIES, (pair) => pair.active === 0 && pair.waiting === 0);
  readonly #names = new BoundedMap<Name>(MAX_ENTRIES);
  readonly #addresses = new BoundedMap<Address>(MAX_ENTRIES);
  /** Pairs that got in: a guesser elsewhere does not slow them. */
  readonly #known = new BoundedMap<true>(MAX_ENTRIES);
  readonly #lines = new Map<string, Line>();
  readonly #waiters = new SignInWaiters();

  constructor(settings: SignInLimitSettings, clock: Clock) {
    this.#settings = settings;
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
    const closed = this.#addressClosedFor(place);
    if (closed > 0) return later(closed);
    // Nothing was typed: a header names the user, and strangers must not wait for each other.
    if (name === '') return { kind: 'go', attempt: this.#namelessAttempt(place) };
    const pairKey = this.#digest(`${place}\n${name}`);
    const nameKey = this.#digest(name);
    const pair = this.#pair(pairKey);
    const isKnown = this.#known.get(pairKey) !== undefined;
    const nameDelay = isKnown ? 0 : this.#nameDelay(nameKey);
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
    const pairDelay = this.#delay(pair.failures);
    if (pairDelay > 0 && pair.waiting >= MAX_QUEUE) return later((pair.waiting + 1) * pairDelay);
    const why = pairDelay > 0 ? 'failed' : nameDelay > 0 ? 'slowed' : 'behind';
    const waiter = this.#waiters.enter(place, why, gone);
    if (!waiter) return later(pairDelay || nameDelay || this.#settings.login_backoff_max_seconds * 1000);
    pair.waiting += 1;
    try {
      await this.#pause(nameDelay, waiter.signal);
      if (!(await this.#turn(pair, waiter))) return later((MAX_QUEUE + 1) * this.#delay(pair.failures));
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
      const slowed = this.#delay(pair.failures) > 0;
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
    const closed = this.#addressClosedFor(place);
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
    if (this.#delay(pair.failures) === 0) return;
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
        if (open && result === 'failed') this.#countAddress(place);
        open = false;
      },
    };
  }

  #countFailure(place: string, pair: Pair, nameKey: string): void {
    const now = this.#clock.now();
    pair.failures += 1;
    pair.lastFailure = now;
    pair.notBefore = now + this.#delay(pair.failures);
    this.#thin(pair);
    const name = this.#names.get(nameKey) ?? { failures: 0, lastFailure: now };
    if (now - name.lastFailure > FORGET_MS) name.failures = 0;
    name.failures += 1;
    name.lastFailure = now;
    this.#names.set(nameKey, name);
    this.#countAddress(place);
  }

  #countAddress(place: string): void {
    const now = this.#clock.now();
    const address = this.#addresses.get(place) ?? { windowStart: now, failures: 0 };
    if (now - address.windowStart >= WINDOW_MS) {
      address.windowStart = now;
      address.failures = 0;
    }
    address.failures += 1;
    this.#addresses.set(place, address);
  }

  /** Milliseconds until the address may try again; 0 now. */
  #addressClosedFor(place: string): number {
    const ceiling = this.#settings.login_failures_per_minute_per_address;
    const address = this.#addresses.get(place);
    if (ceiling === 0 || !address || address.failures < ceiling) return 0;
    return Math.max(0, address.windowStart + WINDOW_MS - this.#clock.now());
  }

  #nameDelay(key: string): number {
    const name = this.#names.get(key);
    if (!name || this.#clock.now() - name.lastFailure > FORGET_MS) return 0;
    return this.#delay(name.failures);
  }

  /** Milliseconds that so many failures cost. */
  #delay(failures: number): number {
    const { login_failures_before_backoff, login_backoff_base_seconds, login_backoff_max_seconds } =
      this.#settings;
    const beyond = failures - login_failures_before_backoff;
    if (beyond < 0) return 0;
    return Math.min(login_backoff_max_seconds, login_backoff_base_seconds * 2 ** Math.min(beyond, 30)) * 1000;
  }

  #pair(key: string): Pair {
    const known = this.#pairs.get(key);
    if (known && (known.failures === 0 || this.#clock.now() - known.lastFailure <= FORGET_MS)) return known;
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
