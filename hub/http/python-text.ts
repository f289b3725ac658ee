/**
 * Values as Python's `repr` writes them, for messages of the API that clients compare with JupyterHub's. Bounded: what
 * somebody sent is not sent back at any length.
 */
import type { JsonValue } from '../../core/model/json.js';

const MAX_SHOWN = 500;

export function pythonRepr(value: JsonValue | undefined): string {
  const text = repr(value ?? null, 0);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** The name of a value's Python class. */
export function pythonType(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'list' : 'dict';
}

/** Python's truth of a JSON value: what is empty is false. */
export function isTruthy(value: JsonValue | undefined): value is JsonValue {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

const MAX_DEPTH = 20;

function repr(value: JsonValue, depth: number): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (depth > MAX_DEPTH) return '...';
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).slice(0, MAX_SHOWN).map((each) => repr(each, depth + 1));
    return `[${items.join(', ')}]`;
  }
  const members = Object.entries(value)
    .slice(0, MAX_SHOWN)
    .map(([key, member]) => `${quoted(key)}: ${repr(member as JsonValue, depth + 1)}`);
  return `{${members.join(', ')}}`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function quoted(whole: string): string {
  const text = whole.slice(0, MAX_SHOWN);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
    /[\x00-\x1f\x7f-\xa0\xad\\]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu,
    (unit) => NAMED[unit] ?? code(unit),
  );
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

function code(unit: string): string {
  const point = unit.codePointAt(0) ?? 0;
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`;
  if (point < 0x10000) return `\\u${point.toString(16).padStart(4, '0')}`;
  return `\\U${point.toString(16).padStart(8, '0')}`;
}
