/**
 * `users.encrypted_auth_state`: Fernet tokens (the `cryptography` package's specification: version 0x80, 64-bit time,
 * AES-128-CBC, HMAC-SHA256) under the keys of `JUPYTERHUB_CRYPT_KEY` or `CryptKeeper.keys`. The first key
 * encrypts, any decrypts (JupyterHub 6.1.1 `crypto.py`).
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../model/json.js';
import { parseJsonObject } from '../model/json.js';
import { pyJson } from './pyjson.js';

const VERSION = 0x80;
const HEADER = 9;
const IV = 16;
const MAC = 32;

/** @throws TypeError when the text is not 32 bytes, as hex, base64 or raw */
export function parseCryptKey(text: string | Uint8Array): Uint8Array {
  const raw = typeof text === 'string' ? Buffer.from(text, 'ascii') : Buffer.from(text);
  const ascii = raw.toString('latin1');
  let key: Buffer = raw;
  if (raw.length === 44 && /^[A-Za-z0-9+/_-]{43}=$/.test(ascii)) key = Buffer.from(ascii, 'base64');
  else if (raw.length === 64 && /^[0-9a-f]+$/i.test(ascii)) key = Buffer.from(ascii, 'hex');
  if (key.length !== 32) throw new TypeError('Encryption keys must be 32 bytes, hex or base64-encoded.');
  return key;
}

/** The pieces of `JUPYTERHUB_CRYPT_KEY`. @throws TypeError */
export function parseCryptKeys(text: string): readonly Uint8Array[] {
  return text
    .split(';')
    .filter((piece) => piece.trim() !== '')
    .map(parseCryptKey);
}

export class CryptKeeper {
  readonly #keys: readonly Uint8Array[];

  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys;
  }

  get available(): boolean {
    return this.#keys.length > 0;
  }

  /** More than one key: what is read should be written again under the first. */
  get rotating(): boolean {
    return this.#keys.length > 1;
  }

  /** ASCII bytes for the column. @throws Error without a key @param now milliseconds */
  encrypt(state: JsonObject, now: number): Uint8Array {
    const [key] = this.#keys;
    if (!key) throw new Error('Encryption keys must be specified in JUPYTERHUB_CRYPT_KEY env');
    return Buffer.from(encryptFernet(key, pyJson(state), now, randomBytes(IV)), 'ascii');
  }

  /** `undefined` when no key opens it, or when what is inside is no JSON object. */
  decrypt(stored: Uint8Array): JsonObject | undefined {
    const token = Buffer.from(stored).toString('latin1');
    for (const key of this.#keys) {
      const text = decryptFernet(key, token);
      // A key that fits but a text that is no JSON: as unreadable as a wrong key.
      if (text !== undefined) return parseJsonObject(text);
    }
    return undefined;
  }
}

/** @param now milliseconds @param iv 16 bytes, random outside tests */
export function encryptFernet(key: Uint8Array, plaintext: string, now: number, iv: Uint8Array): string {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(VERSION);
  header.writeBigUInt64BE(BigInt(Math.floor(now / 1000)), 1);
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv);
  const body = Buffer.concat([header, iv, cipher.update(plaintext, 'utf8'), cipher.final()]);
  const token = Buffer.concat([body, sign(key, body)]);
  return token.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** `undefined` when the token was not made with this key. Age is not looked at. */
export function decryptFernet(key: Uint8Array, token: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(token)) return undefined;
  const raw = Buffer.from(token, 'base64url');
  if (raw.length < HEADER + IV + 16 + MAC || raw[0] !== VERSION) return undefined;
  const body = raw.subarray(0, -MAC);
  if (!timingSafeEqual(sign(key, body), raw.subarray(-MAC))) return undefined;
  const decipher = createDecipheriv('aes-128-cbc', key.subarray(16), body.subarray(HEADER, HEADER + IV));
  return Buffer.concat([decipher.update(body.subarray(HEADER + IV)), decipher.final()]).toString('utf8');
}

function sign(key: Uint8Array, body: Uint8Array): Buffer {
  return createHmac('sha256', key.subarray(0, 16)).update(body).digest();
}
