/**
 * JSON text as Python's `json.dumps` writes it by default: `, ` and `: ` between items, everything outside ASCII as
 * lower-case `\uXXXX`, insertion order (contracts of JupyterHub 6.1.1's JSON columns and of auth_state).
 * Readers take any JSON; this form matters where texts are compared byte by byte.
 */
import type { JsonValue } from '../model/json.js';

/**
 * `undefined` members of objects are left out. Numbers print as JavaScript prints them, so a whole float loses
 * its `.0`. @throws TypeError on a number that JSON has no word for.
 */
export function pyJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return stringText(value);
  if (isArray(value)) return `[${value.map(pyJson).join(', ')}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${stringText(key)}: ${pyJson(member)}`);
  }
  return `{${members.join(', ')}}`;
}

/** `Array.isArray` does not narrow readonly arrays away. */
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
  return JSON.stringify(value);
}

/** `JSON.stringify` escapes quotes and controls exactly as Python does; what is left is everything above ASCII. */
function stringText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
