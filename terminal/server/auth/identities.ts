import { createHash } from 'node:crypto';
import { Fault } from '../../../core/fault.js';
import type { Revocation, TokenHolder } from '../../../core/hub-client/index.js';

export interface IdentitiesOptions {
  /** Asks the hub; `null` when it knows nobody. */
  readonly ask: (token: string) => Promise<TokenHolder | null>;
  readonly now?: () => number;
}

const KNOWN_MS = 300_000;
/** Guessing must not become questions to the hub, a token made a moment ago must not stay unknown. */
const UNKNOWN_MS = 3_000;
const MAX_ENTRIES = 2_000;
const MAX_QUESTIONS = 64;
const MAX_TOKEN_CHARS = 2048;

interface Entry {
  readonly holder: TokenHolder | null;
  readonly until: number;
}

/**
 * Who holds a token, as the hub said at most five minutes ago. The key includes the browser's session id, so
 * that signing out at the hub, which drops that cookie, misses the cache. Tokens are kept as hashes only.
 */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<TokenHolder | null>>();
  /** Grows with every revocation: an answer that was under way meanwhile is not kept. */
  #generation = 0;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @throws Fault when the hub cannot be asked */
  async resolve(token: string, sessionId: string): Promise<TokenHolder | null> {
    if (!isPlausible(token)) return null;
    const key = keyOf(token, sessionId);
    const entry = this.#entries.get(key);
    if (entry && entry.until > this.#now()) return entry.holder;
    return this.#ask(token, key);
  }

  /** As `resolve`, never from the cache. */
  async refresh(token: string, sessionId: string): Promise<TokenHolder | null> {
    return this.#ask(token, keyOf(token, sessionId));
  }

  /** Forgets what a revocation names. */
  forget(revocation: Revocation): void {
    this.#generation += 1;
    for (const [key, { holder }] of this.#entries) {
      if (holder && isNamed(holder, revocation)) this.#entries.delete(key);
    }
  }

  clear(): void {
    this.#generation += 1;
    this.#entries.clear();
  }

  #ask(token: string, key: string): Promise<TokenHolder | null> {
    const running = this.#asking.get(key);
    if (running) return running;
    if (this.#asking.size >= MAX_QUESTIONS) {
      throw new Fault('TOO_MANY_SIGN_INS', 'Too many sign-ins at once. Try again in a moment.', {
        status: 503,
      });
    }
    const generation = this.#generation;
    const question = this.#options
      .ask(token)
      .then((holder) => {
        if (generation === this.#generation) this.#keep(key, holder);
        return holder;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, question);
    return question;
  }

  #keep(key: string, holder: TokenHolder | null): void {
    this.#entries.delete(key);
    this.#entries.set(key, { holder, until: this.#now() + (holder ? KNOWN_MS : UNKNOWN_MS) });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) break;
      this.#entries.delete(oldest);
    }
  }
}

export function isNamed(holder: TokenHolder, revocation: Revocation): boolean {
  return (
    (revocation.tokenId !== undefined && revocation.tokenId === holder.tokenId) ||
    (revocation.sessionId !== undefined && revocation.sessionId === holder.sessionId) ||
    (revocation.user !== undefined && holder.kind === 'user' && revocation.user === holder.name)
  );
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function keyOf(token: string, sessionId: string): string {
  return `${sessionId}:${hashOf(token)}`;
}

/** What may go into a header of ours: visible ASCII. */
function isPlausible(token: string): boolean {
  return token.length <= MAX_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token);
}
