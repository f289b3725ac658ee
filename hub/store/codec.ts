/**
 * Column values that Python writes and reads: JSON text as `json.dumps` makes it, booleans, times.
 * Source: JupyterHub 6.1.1's JSONDict and JSONList columns; vectors in test/fixtures/crypto-vectors.json.
 */
import { Fault, messageOf } from '../../core/fault.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';
import type { Timestamp } from '../../core/model/time.js';

const BYTES_MARK = '__jupyterhub_bytes__';
const BASE64_LINE = 76;

/** What may be written: JSON, bytes and sets inside it. */
export type PythonValue =
  | JsonValue
  | undefined
  | Uint8Array
  | ReadonlySet<string>
  | readonly PythonValue[]
  | { readonly [key: string]: PythonValue };

/** `json.dumps(value)` with Python's defaults: `, ` and `: `, everything beyond ASCII as `\uxxxx`. */
export function pythonJson(value: PythonValue): string {
  if (value instanceof Uint8Array) return pythonJson({ [BYTES_MARK]: true, data: wrappedBase64(value) });
  if (value instanceof Set) return pythonJson([...value].sort(byCodePoint));
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item ?? null)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${entries.map(([key, item]) => `${text(key)}: ${pythonJson(item)}`).join(', ')}}`;
  }
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return 'null';
  return JSON.stringify(value ?? null);
}

/** A JSONDict column's value; `null` is SQL NULL. */
export function dictColumn(value: JsonObject | null): string | null {
  return value === null ? null : pythonJson(value);
}

/** A JSONList column's value. Sets are sorted, lists keep their order. */
export function listColumn(value: readonly string[] | ReadonlySet<string>): string {
  return pythonJson(value);
}

/** Reads a JSONDict column. Bytes stay in their marked form, so that a rewrite keeps them. */
export function readDict(stored: string | null): JsonObject | null {
  if (stored === null || stored === '') return null;
  const value = parse(stored);
  return isJsonObject(value) ? value : null;
}

/** Reads a JSONList column of texts; NULL is the empty list. */
export function readList(stored: string | null): readonly string[] {
  if (stored === null || stored === '' || stored === '[]') return [];
  const value = parse(stored);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The bytes of a marked value, if it is one. */
export function readBytes(value: JsonValue | undefined): Uint8Array | undefined {
  if (value === undefined || !isJsonObject(value) || value[BYTES_MARK] !== true) return undefined;
  return typeof value['data'] === 'string' ? Buffer.from(value['data'], 'base64') : undefined;
}

/** BOOLEAN: 0/1 on SQLite, true/false on PostgreSQL; NULL counts as false. */
export function readFlag(stored: boolean | number | null): boolean {
  return stored === true || stored === 1;
}

export function readOptionalFlag(stored: boolean | number | null): boolean | null {
  return stored === null ? null : readFlag(stored);
}

/** For columns that JupyterHub declares nullable but always fills. */
export const EPOCH = '1970-01-01 00:00:00.000000' as Timestamp;

function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `base64.encodebytes`: lines of 76 characters, each ended. */
function wrappedBase64(bytes: Uint8Array): string {
  const whole = Buffer.from(bytes).toString('base64');
  let lines = '';
  for (let at = 0; at < whole.length; at += BASE64_LINE) lines += `${whole.slice(at, at + BASE64_LINE)}\n`;
  return lines;
}

/** Python sorts texts by code point, JavaScript by UTF-16 unit. */
function byCodePoint(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function parse(stored: string): JsonValue {
  try {
    return JSON.parse(stored) as JsonValue;
  } catch (error) {
    throw new Fault('DATABASE_BAD_VALUE', 'A value in the database is not valid JSON.', {
      detail: `${messageOf(error)} in ${JSON.stringify(stored.slice(0, 80))}`,
      cause: error,
    });
  }
}
