/**
 * How fast passwords may be guessed. Only failures count, so any number of people behind one address get in at once.
 *
 * Three counts: of a name from one address (slower with every failure, one attempt at a time), of a name from
 * anywhere (every attempt waits, unless it comes from where that name got in before), and of an address over all
 * names (a high ceiling per minute). A name is slowed, never locked: whoever comes from an address that has not failed
 * for it waits no longer than the longest wait, however many guessers there are. What was typed is kept only
 * as a keyed digest.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../core/clock.js';
import { BoundedMap } from './bounded-map.js';

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
/** People waiting for their turn, over all names. */
const MAX_WAITING = 2000;
/** Attempts of one guesser that may wait; the rest are told to come later. */
const MAX_QUEUE = 3;

interface Pair {
  failures: number;
  lastFailure: number;
  active: number;
  /** Attempts that have not begun. */
  waiting: number;
  notBefore: number;
  readonly queue: Array<() => void>;
}

interface Name {
  failures: number;
  lastFailure: number;
}

interface Address {
  windowStart: number;
  failures: number;
}

export class SignInLimits {
  readonly #settings: SignInLimitSettings;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #pairs = new BoundedMap<Pair>(MAX_ENTRIES, (pair) => pair.active === 0 && pair.waiting === 0);
  readonly #names = new BoundedMap<Name>(MAX_ENTRIES);
  readonly #addresses = new BoundedMap<Address>(MAX_ENTRIES);
  /** Pairs that got in: a guesser elsewhere does not slow them. */
  readonly #known = new BoundedMap<true>(MAX_ENTRIES);
  #waiting = 0;

  constructor(settings: SignInLimitSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Waits for its turn. @param name as typed, normalised @param signal the browser has gone */
  async admit(address: string, name: string, signal?: AbortSignal): Promise<Admitted> {
    const place = placeOf(address);
    const closed = this.#addressClosedFor(place);
    if (closed > 0) return later(closed);
    // Nothing was typed: a header names the user, and strangers must not wait for each other.
    if (name === '') return { kind: 'go', attempt: this.#namelessAttempt(place) };
    const pairKey = this.#digest(`${place}\n${name}`);
    const nameKey = this.#digest(name);
    const pair = this.#pair(pairKey);
    const pairDelay = this.#delay(pair.failures);
    if (pairDelay > 0 && pair.waiting >= MAX_QUEUE) return later((pair.waiting + 1) * pairDelay);
    if (this.#waiting >= MAX_WAITING) return later(this.#settings.login_backoff_max_seconds * 1000);
    this.#waiting += 1;
    pair.waiting += 1;
    try {
      if (!this.#known.get(pairKey)) await this.#pause(this.#nameDelay(nameKey), signal);
      await this.#turn(pair, signal);
    } finally {
      this.#waiting -= 1;
      pair.waiting -= 1;
    }
    return { kind: 'go', attempt: this.#attempt(place, pairKey, pair, nameKey) };
  }

  /** One at a time once a pair has to wait; before that as many as may still fail. */
  async #turn(pair: Pair, signal: AbortSignal | undefined): Promise<void> {
    const threshold = this.#settings.login_failures_before_backoff;
    const permits = (): number => Math.max(1, threshold - pair.failures);
    while (pair.active >= permits()) await enqueue(pair, signal);
    // Taken before the wait, so that nobody overtakes.
    pair.active += 1;
    try {
      await this.#pause(pair.notBefore - this.#clock.now(), signal);
    } catch (error) {
      release(pair);
      throw error;
    }
  }

  #attempt(place: string, pairKey: string, pair: Pair, nameKey: string): Attempt {
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

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, signal);
    signal?.throwIfAborted();
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }
}

/** A network of IPv6 is one place: a single client has 2^64 addresses in it. */
function placeOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = !tail ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function later(ms: number): Admitted {
  return { kind: 'later', retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) };
}

function enqueue(pair: Pair, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const at = pair.queue.indexOf(wake);
      if (at >= 0) pair.queue.splice(at, 1);
      reject(signal?.reason);
    };
    const wake = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    if (signal?.aborted) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    pair.queue.push(wake);
  });
}

function release(pair: Pair): void {
  pair.active -= 1;
  pair.queue.shift()?.();
}
