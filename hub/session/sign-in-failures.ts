/**
 * How many passwords were wrong, and what that costs whoever comes next: of a name from anywhere (every attempt waits,
 * unless it comes from where that name got in before), and of an address over all names (a high ceiling per minute). Those
 * of a name from one address are counted where its attempts are (sign-in-limits.ts).
 */
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

export interface Failures {
  failures: number;
  /** Milliseconds since the epoch. */
  lastFailure: number;
}

interface Address {
  windowStart: number;
  failures: number;
}

/** Failures older than this are forgotten. */
const FORGET_MS = 15 * 60_000;
const WINDOW_MS = 60_000;
const MAX_ENTRIES = 20_000;

export class SignInFailures {
  readonly #settings: SignInLimitSettings;
  readonly #clock: Clock;
  readonly #names = new BoundedMap<Failures>(MAX_ENTRIES);
  readonly #addresses = new BoundedMap<Address>(MAX_ENTRIES);

  constructor(settings: SignInLimitSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  isForgotten({ lastFailure }: Failures): boolean {
    return this.#clock.now() - lastFailure > FORGET_MS;
  }

  countName(key: string): void {
    const now = this.#clock.now();
    const name = this.#names.get(key) ?? { failures: 0, lastFailure: now };
    if (this.isForgotten(name)) name.failures = 0;
    name.failures += 1;
    name.lastFailure = now;
    this.#names.set(key, name);
  }

  countAddress(place: string): void {
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
  addressClosedFor(place: string): number {
    const ceiling = this.#settings.login_failures_per_minute_per_address;
    const address = this.#addresses.get(place);
    if (ceiling === 0 || !address || address.failures < ceiling) return 0;
    return Math.max(0, address.windowStart + WINDOW_MS - this.#clock.now());
  }

  /** Milliseconds that an attempt under this name waits. */
  nameDelay(key: string): number {
    const name = this.#names.get(key);
    if (!name || this.isForgotten(name)) return 0;
    return this.delay(name.failures);
  }

  /** Milliseconds that so many failures cost. */
  delay(failures: number): number {
    const { login_failures_before_backoff, login_backoff_base_seconds, login_backoff_max_seconds } =
      this.#settings;
    const beyond = failures - login_failures_before_backoff;
    if (beyond < 0) return 0;
    return Math.min(login_backoff_max_seconds, login_backoff_base_seconds * 2 ** Math.min(beyond, 30)) * 1000;
  }
}
