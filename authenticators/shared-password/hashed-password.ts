import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { verifyPassword } from './password-file.js';

/** Guesses that may be worked on at once: each keeps a core busy for some 50 ms. */
const AT_ONCE = 2;

/**
 * One password, known by its scrypt hash. After the first right answer a keyed digest of it is kept in memory, so
 * that a class of hundreds who share the password is not held up by scrypt; wrong answers always pay its price, few
 * at a time.
 */
export class HashedPassword {
  readonly #hash: string;
  readonly #key = randomBytes(32);
  #known: Buffer | undefined;
  #working = 0;
  readonly #waiting: Array<() => void> = [];

  constructor(hash: string) {
    this.#hash = hash;
  }

  async matches(password: string): Promise<boolean> {
    const digest = createHmac('sha256', this.#key).update(password.normalize('NFC'), 'utf8').digest();
    if (this.#isKnown(digest)) return true;
    await this.#turn();
    try {
      // somebody before us in the line may have given the right answer meanwhile
      const right = this.#isKnown(digest) || (await verifyPassword(password, this.#hash));
      if (right) this.#known = digest;
      return right;
    } finally {
      this.#working--;
      this.#waiting.shift()?.();
    }
  }

  #isKnown(digest: Buffer): boolean {
    return this.#known !== undefined && timingSafeEqual(this.#known, digest);
  }

  async #turn(): Promise<void> {
    while (this.#working >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#working++;
  }
}
