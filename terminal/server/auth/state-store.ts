import { randomBytes } from 'node:crypto';

/** A sign-in that is under way. */
export interface PendingSignIn {
  /** Where the person wanted to go: path and query of our own. */
  readonly next: string;
  readonly verifier: string;
  readonly cookieName: string;
}

const TTL_MS = 600_000;
const MAX_PENDING = 10_000;

/** Sign-ins between redirect and callback: ten minutes, once, and not without end. */
export class StateStore {
  readonly #pending = new Map<string, PendingSignIn & { readonly until: number }>();
  readonly #now: () => number;
  readonly #max: number;

  constructor(now: () => number = () => performance.now(), max = MAX_PENDING) {
    this.#now = now;
    this.#max = max;
  }

  /** @returns the state's id, 22 characters */
  add(pending: PendingSignIn): string {
    const now = this.#now();
    for (const [id, { until }] of this.#pending) {
      if (this.#pending.size < this.#max && until > now) break;
      this.#pending.delete(id);
    }
    const id = randomBytes(16).toString('base64url');
    this.#pending.set(id, { ...pending, until: now + TTL_MS });
    return id;
  }

  get(id: string): PendingSignIn | undefined {
    const found = this.#pending.get(id);
    return found && found.until > this.#now() ? found : undefined;
  }

  delete(id: string): void {
    this.#pending.delete(id);
  }

  get size(): number {
    return this.#pending.size;
  }
}
