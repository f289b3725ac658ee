import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { constantTimeEqual } from '../../../core/wire/tokens.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Longer than any cookie a browser keeps. */
const MAX_SEALED_CHARS = 4096;

/**
 * Seals what goes into cookies (AES-256-GCM) and signs what pages send back (HMAC-SHA256). The keys come from
 * fresh random bytes and the server's own API token: they die with this process.
 */
export class SecretBox {
  readonly #sealKey: Buffer;
  readonly #signKey: Buffer;

  constructor(apiToken: string, random: Buffer = randomBytes(32)) {
    const derive = (purpose: string): Buffer =>
      Buffer.from(hkdfSync('sha256', apiToken, random, `anteroom-singleuser:${purpose}`, 32));
    this.#sealKey = derive('seal');
    this.#signKey = derive('sign');
  }

  /** @param purpose a text sealed for one purpose does not open for another */
  seal(purpose: string, text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce).setAAD(Buffer.from(purpose));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
  }

  /** `undefined` for anything that this box did not seal for this purpose. */
  open(purpose: string, sealed: string): string | undefined {
    if (sealed.length > MAX_SEALED_CHARS || !/^[\w-]+$/.test(sealed)) return undefined;
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch {
      // Forged, damaged, or of an earlier process: to the caller it is simply not there.
      return undefined;
    }
  }

  sign(text: string): string {
    return createHmac('sha256', this.#signKey).update(text).digest('base64url');
  }

  verify(text: string, signature: string): boolean {
    return constantTimeEqual(this.sign(text), signature);
  }
}
