import { homedir } from 'node:os';
import type { Kind } from './kind.js';
import { TraitError } from './kind.js';

/** Kinds of single values, read as traitlets 5 and jupyterhub.traitlets (6.1.1) read them. */

export const stringKind: Kind<string> = {
  type: 'Unicode',
  jsonSchema: { type: 'string' },
  parse: (value) => {
    if (typeof value === 'string') return value;
    // Python's octets, e.g. those of binascii.hexlify; traitlets takes them where they are ASCII
    if (value instanceof Uint8Array && value.every((octet) => octet < 0x80)) {
      return new TextDecoder().decode(value);
    }
    throw new TraitError('a text', value);
  },
  parseString: unquote,
};

/** traitlets: `~` is expanded; one pair of quotes around the whole text is dropped. */
function unquote(text: string): string {
  const expanded = text === '~' || text.startsWith('~/') ? homedir() + text.slice(1) : text;
  const first = expanded[0];
  if (expanded.length >= 2 && (first === '"' || first === "'") && expanded.endsWith(first)) {
    return expanded.slice(1, -1);
  }
  return expanded;
}

export const boolKind: Kind<boolean> = {
  type: 'Bool',
  jsonSchema: { type: 'boolean' },
  parse: (value) => {
    if (typeof value === 'boolean') return value;
    // as traitlets: older configurations have `= 1`
    if (value === 1 || value === 0) return value === 1;
    throw new TraitError('true or false', value);
  },
  parseString: (text) => {
    const lower = text.toLowerCase();
    if (lower === 'true' || lower === '1') return true;
    if (lower === 'false' || lower === '0') return false;
    throw new TraitError('true, false, 1 or 0', text);
  },
};

/** Python's `int(text)`: blanks around, a sign, underscores between digits. */
const INTEGER_TEXT = /^\s*[+-]?\d+(?:_\d+)*\s*$/;

export function intKind(min?: number, max?: number): Kind<number> {
  const expected = bounded('a whole number', min, max);
  const parse = (value: unknown): number => {
    // Python's bool is an int, so traitlets takes True for 1
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && inside(number, min, max)) return number;
    throw new TraitError(expected, value);
  };
  const parseString = (text: string): number => {
    if (!INTEGER_TEXT.test(text)) throw new TraitError(expected, text);
    return parse(Number(text.replaceAll('_', '')));
  };
  return { type: 'Int', jsonSchema: { type: 'integer', ...limits(min, max) }, parse, parseString };
}

export function floatKind(min?: number, max?: number): Kind<number> {
  const expected = bounded('a number', min, max);
  const parse = (value: unknown): number => {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'number' && !Number.isNaN(number) && inside(number, min, max)) return number;
    throw new TraitError(expected, value);
  };
  const parseString = (text: string): number => {
    const trimmed = text.trim().replaceAll(/(?<=\d)_(?=\d)/g, '');
    if (/^[+-]?inf(inity)?$/i.test(trimmed)) return parse(trimmed.startsWith('-') ? -Infinity : Infinity);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) throw new TraitError(expected, text);
    return parse(Number(trimmed));
  };
  return { type: 'Float', jsonSchema: { type: 'number', ...limits(min, max) }, parse, parseString };
}

function inside(value: number, min = -Infinity, max = Infinity): boolean {
  return value >= min && value <= max;
}

function bounded(what: string, min?: number, max?: number): string {
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  if (min !== undefined) return `${what}, ${min} or more`;
  return max === undefined ? what : `${what}, ${max} or less`;
}

function limits(min?: number, max?: number): { minimum?: number; maximum?: number } {
  return { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) };
}

export const bytesKind: Kind<Uint8Array> = {
  type: 'Bytes',
  jsonSchema: { type: 'string' },
  parse: (value) => {
    if (value instanceof Uint8Array) return value;
    throw new TraitError('octets (a Uint8Array)', value);
  },
  parseString: (text) => {
    const quoted = /^b(["'])(.*)\1$/s.exec(text);
    return new TextEncoder().encode(quoted?.[2] ?? text);
  },
};

export function functionKind<F extends (...args: never[]) => unknown>(): Kind<F> {
  const expected = 'a function (only a jupyterhub_config.mjs can give one)';
  return {
    type: 'Callable',
    jsonSchema: { not: {} },
    parse: (value) => {
      if (typeof value === 'function') return value as F;
      throw new TraitError(expected, value);
    },
    parseString: (text) => {
      throw new TraitError(expected, text);
    },
  };
}

export const anyKind: Kind<unknown> = {
  type: 'Any',
  jsonSchema: {},
  parse: (value) => value,
  parseString: (text) => (text === 'None' ? null : text),
};

export function enumKind<V extends string | number>(values: readonly V[], caseless: boolean): Kind<V> {
  const expected = `one of ${values.join(', ')}`;
  const same = (a: unknown, b: V): boolean =>
    a === b ||
    (caseless && typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase());
  const parse = (value: unknown): V => {
    const found = values.find((allowed) => same(value, allowed));
    if (found === undefined) throw new TraitError(expected, value);
    return found;
  };
  return {
    type: caseless ? 'CaselessStrEnum' : 'Enum',
    jsonSchema: { enum: values },
    parse,
    parseString: (text) => parse(values.some((allowed) => same(text, allowed)) ? text : numberOr(text)),
  };
}

function numberOr(text: string): string | number {
  return INTEGER_TEXT.test(text) ? Number(text) : text;
}

export const urlPrefixKind: Kind<string> = {
  type: 'URLPrefix',
  jsonSchema: { type: 'string' },
  parse: (value) => slashed(stringKind.parse(value)),
  parseString: (text) => slashed(stringKind.parseString(text)),
};

function slashed(path: string): string {
  const led = path.startsWith('/') ? path : `/${path}`;
  return led.endsWith('/') ? led : `${led}/`;
}

const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** jupyterhub.traitlets.ByteSpecification: exactly one unit letter is stripped, so `1Gi` and `1g` are refused. */
export const byteKind: Kind<number> = {
  type: 'ByteSpecification',
  jsonSchema: { anyOf: [{ type: 'number' }, { type: 'string', pattern: '^[0-9.]+[KMGT]$' }] },
  parse: (value) => {
    if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value);
    if (typeof value === 'string') {
      const unit = UNITS[value.slice(-1)];
      const number = value.slice(0, -1).trim();
      if (unit !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number))
        return Math.trunc(Number(number) * unit);
    }
    throw new TraitError('a number of bytes, or a number with the unit K, M, G or T', value);
  },
  parseString: (text) => (INTEGER_TEXT.test(text) ? Number(text.replaceAll('_', '')) : byteKind.parse(text)),
};
