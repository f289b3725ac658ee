/**
 * The chunked coding, read strictly (RFC 9112 section 7.1): extensions are dropped, trailers are dropped, sizes,
 * extensions and trailers are bounded, a bare CR or LF is an error. Keeps no octets between calls, only its place.
 */
import { isTokenOctet } from './fields.js';

type Place =
  | 'size'
  | 'extension-name'
  | 'extension-value'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer-name'
  | 'trailer'
  | 'trailer-lf'
  | 'end-lf'
  | 'done';

/** Digits of a chunk size, leading zeros included: exact in a double. */
const MAX_DIGITS = 13;
/** Octets of extensions between two chunks, and of the whole trailer section. */
const MAX_EXTENSION = 4096;
const MAX_TRAILER = 16_384;
/** Trailers are dropped; but whoever puts framing there (RFC 9110 section 6.5.1) wants somebody to read it. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);
const LONGEST = 'transfer-encoding'.length;
const CR = 13;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const LF = 10;

export class ChunkedReader {
  #place: Place = 'size';
  #left = 0;
  #digits = 0;
  #spent = 0;
  /** Name of a trailer, as far as it matters. */
  #name = '';

  /** The last chunk and its trailer section have been read. */
  get done(): boolean {
    return this.#place === 'done';
  }

  /**
   * Reads on.
   * @param onData gets each piece of the body: a view into `bytes`
   * @returns how many octets belong to the body; fewer than given only when it is done. -1: malformed
   */
  read(bytes: Buffer, onData: (piece: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && this.#place !== 'done') {
      if (this.#place === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
        at = end;
        if (this.#left === 0) this.#place = 'data-cr';
        continue;
      }
      if (!this.#step(bytes[at] ?? 0)) return -1;
      at += 1;
    }
    return at;
  }

  /** One octet outside the data. @returns false when it is out of place */
  #step(octet: number): boolean {
    switch (this.#place) {
      case 'size':
        return this.#size(octet);
      case 'extension-name':
      case 'extension-value':
        return this.#extension(octet);
      case 'size-lf':
        this.#spent = 0;
        return octet === LF && this.#go(this.#left === 0 ? 'trailer-start' : 'data');
      case 'data-cr':
        return octet === CR && this.#go('data-lf');
      case 'data-lf':
        this.#digits = 0;
        return octet === LF && this.#go('size');
      case 'trailer-start':
        if (octet === CR) return this.#go('end-lf');
        this.#go('trailer-name');
        this.#name = '';
        return this.#trailerName(octet);
      case 'trailer-name':
        if (octet === COLON) return !FRAMING.has(this.#name.toLowerCase()) && this.#go('trailer');
        return this.#trailerName(octet);
      case 'trailer':
        if (octet === CR) return this.#go('trailer-lf');
        return this.#skipped(octet, MAX_TRAILER);
      case 'trailer-lf':
        return octet === LF && this.#go('trailer-start');
      case 'end-lf':
        return octet === LF && this.#go('done');
      default:
        return false;
    }
  }

  #size(octet: number): boolean {
    const digit = hexDigit(octet);
    if (digit >= 0) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return this.#digits <= MAX_DIGITS;
    }
    if (this.#digits === 0) return false;
    if (octet === CR) return this.#go('size-lf');
    // ';' begins an extension. A blank before it is a known point of disagreement between servers.
    return octet === SEMICOLON && this.#part('extension-name');
  }

  /** `;name` or `;name=token`, nothing quoted: what is dropped must at least be read alike by everybody. */
  #extension(octet: number): boolean {
    if (isTokenOctet(octet)) {
      this.#digits += 1;
      return this.#skipped(octet, MAX_EXTENSION);
    }
    // A name or value has at least one character.
    if (this.#digits === 0) return false;
    if (octet === CR) return this.#go('size-lf');
    if (octet === SEMICOLON) return this.#part('extension-name');
    return octet === EQUALS && this.#place === 'extension-name' && this.#part('extension-value');
  }

  #trailerName(octet: number): boolean {
    if (this.#name.length <= LONGEST) this.#name += String.fromCharCode(octet);
    return isTokenOctet(octet) && this.#skipped(octet, MAX_TRAILER);
  }

  #part(place: Place): true {
    this.#digits = 0;
    return this.#go(place);
  }

  #skipped(octet: number, limit: number): boolean {
    this.#spent += 1;
    return this.#spent <= limit && (octet >= 32 || octet === 9) && octet !== 127;
  }

  #go(place: Place): true {
    this.#place = place;
    return true;
  }
}

function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const lower = octet | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
