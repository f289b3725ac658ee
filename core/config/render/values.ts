import type { Trait } from '../traits.js';
import { scrubUserinfo } from './userinfo.js';

/** How values are shown to people: as JavaScript literals, with secrets blanked. */

const BLANK = '***';

/** A value as one would write it in a `.mjs` file. */
export function literal(value: unknown): string {
  if (typeof value === 'function') return `/* a function${value.name ? ` named ${value.name}` : ''} */`;
  if (value instanceof Uint8Array) return `Uint8Array.from([/* ${value.length} octets */])`;
  if (value instanceof Set) return value.size === 0 ? 'new Set()' : `new Set(${literal([...value])})`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  return String(value);
}

/** A value as JSON: sets become lists, functions and octets a word about them. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'function') return '<function>';
  if (value instanceof Uint8Array) return `<${value.length} octets>`;
  if (value instanceof Set) return [...value].map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)]));
  }
  return value;
}

/** The value without its secrets: whole, or its leaves only; passwords in URLs always. */
export function blanked(trait: Trait<unknown> | undefined, value: unknown): unknown {
  // what we do not know may be a secret
  const secrecy = trait?.secret ?? 'values';
  if (secrecy === true) return isEmpty(value) ? value : BLANK;
  return leaves(value, (leaf) =>
    secrecy === 'values' ? BLANK : typeof leaf === 'string' ? scrubUserinfo(leaf) : leaf,
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Set) return value.size === 0;
  return typeof value === 'object' && !(value instanceof Uint8Array) && Object.keys(value).length === 0;
}

function leaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => leaves(each, change));
  if (value instanceof Set) return new Set([...value].map((each) => leaves(each, change)));
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, leaves(each, change)]));
  }
  return change(value);
}
