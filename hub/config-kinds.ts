import type { Kind } from '../core/config/traits.js';
import { TraitError } from '../core/config/traits.js';

/** Keys in a configuration, as jupyterhub.app and jupyterhub.crypto (6.1.1) read them. */

export const cookieSecretKind: Kind<Uint8Array> = {
  type: 'Union',
  jsonSchema: { type: 'string', pattern: '^([0-9a-fA-F]{2})+$' },
  parse: (value) => {
    if (value instanceof Uint8Array) return value;
    // nothing is refused by name, beside the octets of nothing (config-urls.ts)
    if (value === '') return new Uint8Array();
    if (typeof value === 'string') return fromHex(value);
    throw new TraitError('octets, or an even number of hexadecimal digits', value);
  },
  parseString: fromHex,
};

function fromHex(text: string): Uint8Array {
  const digits = text.trim().replaceAll(/\s/g, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) throw new TraitError('an even number of hexadecimal digits', text);
  return Buffer.from(digits, 'hex');
}

const KEY_OCTETS = 32;

export const cryptKeysKind: Kind<readonly Uint8Array[]> = {
  type: 'List',
  container: 'list',
  jsonSchema: { type: 'array', items: { type: 'string' } },
  parse: (value) => {
    if (!Array.isArray(value)) throw new TraitError('a list of keys', value);
    return value.map(cryptKey);
  },
  parseString: keysOf,
  parseStrings: (texts) => texts.flatMap(keysOf),
};

function keysOf(text: string): readonly Uint8Array[] {
  return text
    .split(';')
    .filter((key) => key.trim() !== '')
    .map(cryptKey);
}

/** 32 octets raw, 44 characters of base64 or 64 of hexadecimal. */
function cryptKey(key: unknown): Uint8Array {
  const octets = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  if (octets instanceof Uint8Array) {
    const text = Buffer.from(octets).toString('latin1');
    if (octets.length === 64 && /^[\da-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
    const decoded = octets.length === 44 ? Buffer.from(text, 'base64url') : octets;
    if (decoded.length === KEY_OCTETS) return decoded;
  }
  throw new TraitError('keys of 32 octets, raw, in base64 or in hexadecimal', key);
}
