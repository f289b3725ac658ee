import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * `Authorization: token T`, where the word may stand anywhere before the value (CHP 5.3.0). Digests are compared,
 * so that neither the place of a difference nor the length shows in time.
 */
export class TokenCheck {
  readonly #digest: Buffer | undefined;

  /** @param token undefined: everybody may */
  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : digestOf(token);
  }

  allows(authorization: string | undefined): boolean {
    if (this.#digest === undefined) return true;
    const presented = /token\s+(\S+)/.exec(authorization ?? '')?.[1];
    return presented !== undefined && timingSafeEqual(digestOf(presented), this.#digest);
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
