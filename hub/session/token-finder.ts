/**
 * Finds the row of a token. Rows are found by the token's first four characters and told apart by hash; a token that
 * was right before is recognised by its digest, so that the 16384 rounds of a supplied token are not run at
 * every request. The row itself is read every time: a deleted token is dead at once.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { timestamp } from '../../core/model/time.js';
import { compareToken, tokenPrefix } from '../../core/wire/tokens.js';
import type { Store, TokenRecord } from '../store/types.js';

const REMEMBERED = 4096;
/** Longer than any token that was ever made; more is not worth hashing. */
const MAX_TOKEN = 1024;

export class TokenFinder {
  readonly #store: Pick<Store, 'tokens'>;
  readonly #clock: Clock;
  /** SHA-256 of a token that was right, to the stored hash it matched. Never the token. */
  readonly #verified = new Map<string, string>();

  constructor(store: Pick<Store, 'tokens'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** `undefined` for an unknown, expired or orphaned token. */
  async find(token: string): Promise<TokenRecord | undefined> {
    if (token === '' || token.length > MAX_TOKEN) return undefined;
    const candidates = await this.#store.tokens.candidates(tokenPrefix(token), timestamp(this.#clock.now()));
    const digest = hash('sha256', token, 'base64');
    const match = candidates.find((row) => this.#matches(row, token, digest));
    if (!match) return undefined;
    if (match.clientId !== null) return match;
    // A token without a client is a leftover of a JupyterHub before 2.0; JupyterHub deletes it when it sees it.
    await this.#store.tokens.delete([match.id]);
    return undefined;
  }

  #matches(row: TokenRecord, token: string, digest: string): boolean {
    if (this.#verified.get(digest) === row.hashed) return true;
    if (!compareToken(row.hashed, token)) return false;
    this.#verified.set(digest, row.hashed);
    if (this.#verified.size > REMEMBERED) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    return true;
  }
}
