/**
 * Python's rules for the values of a template: what is true, equal, empty, how it is printed and escaped
 * (Jinja2 3.1.6, markupsafe 3.0.4). `null` is None, `undefined` Jinja's Undefined, a plain object or Map a dict.
 */
import type { Nunjucks, SafeText } from './nunjucks.js';

export class TemplateProblem extends Error {}

export type Dict = Readonly<Record<string, unknown>>;

/** Characters that one `*` or filter may make; a text beyond it is a mistake of the template. */
export const MAX_TEXT = 1_000_000;

export interface Values {
  safe(text: string): SafeText;
  isSafe(value: unknown): value is SafeText;
  isText(value: unknown): value is string | SafeText;
  /** As `str()`. */
  string(value: unknown): string;
  /** Escaped unless it is marked as HTML. */
  asHtml(value: unknown): string;
  /** As `{{ value }}` prints it. */
  print(value: unknown): string;
  truth(value: unknown): boolean;
  equal(left: unknown, right: unknown): boolean;
  /** Joins texts; once one of them is HTML the others are escaped. */
  concat(parts: readonly unknown[]): string | SafeText;
}

/** As markupsafe's `escape`. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;');
}

export function isDict(value: unknown): value is Dict {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function typeName(value: unknown): string {
  if (value === undefined) return 'an undefined value';
  if (value === null) return 'None';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return isDict(value) || value instanceof Map ? 'a dict' : 'an object';
  return (
    { string: 'a text', number: 'a number', boolean: 'a boolean' }[typeof value as string] ?? typeof value
  );
}

/** @param autoescape whether what is printed is escaped unless it is marked as HTML */
export function createValues({ runtime }: Nunjucks, autoescape: boolean): Values {
  const { SafeString } = runtime;
  const isSafe = (value: unknown): value is SafeText => value instanceof SafeString;
  const safe = (text: string): SafeText => new SafeString(text);
  const isText = (value: unknown): value is string | SafeText => typeof value === 'string' || isSafe(value);

  function string(value: unknown): string {
    if (value === undefined) return '';
    if (isText(value)) return value.toString();
    return represent(value);
  }

  function represent(value: unknown): string {
    if (value === null) return 'None';
    if (value === undefined) return 'Undefined';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (typeof value === 'string') return quoted(value);
    if (isSafe(value)) return `Markup(${quoted(value.toString())})`;
    if (Array.isArray(value)) return `[${value.map(represent).join(', ')}]`;
    if (value instanceof Set) return value.size === 0 ? 'set()' : `{${[...value].map(represent).join(', ')}}`;
    if (value instanceof Map || isDict(value)) {
      const entries = value instanceof Map ? [...value] : Object.entries(value);
      return `{${entries.map(([key, each]) => `${represent(key)}: ${represent(each)}`).join(', ')}}`;
    }
    return typeof value === 'function' ? `<function ${value.name}>` : String(value);
  }

  function truth(value: unknown): boolean {
    if (isSafe(value)) return value.length > 0;
    if (Array.isArray(value)) return value.length > 0;
    if (value instanceof Map || value instanceof Set) return value.size > 0;
    if (isDict(value)) return Object.keys(value).length > 0;
    return Boolean(value);
  }

  function equal(left: unknown, right: unknown): boolean {
    const [a, b] = [left, right].map((each) =>
      isSafe(each) ? each.toString() : typeof each === 'boolean' ? Number(each) : each,
    );
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((each, index) => equal(each, b[index]));
    if (isDict(a) && isDict(b)) {
      const keys = Object.keys(a);
      return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
    }
    return false;
  }

  const asHtml = (value: unknown): string => (isSafe(value) ? value.toString() : escapeHtml(string(value)));
  const print = autoescape ? asHtml : string;

  function concat(parts: readonly unknown[]): string | SafeText {
    return autoescape && parts.some(isSafe) ? safe(parts.map(print).join('')) : parts.map(string).join('');
  }

  return { safe, isSafe, isText, string, asHtml, print, truth, equal, concat };
}

/** As Python's `repr` of a text. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `${quote}${inner}${quote}`;
}
