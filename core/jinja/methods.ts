/** Methods of Python's str, dict and list that templates call on values. */
import { formatBraces } from './format.js';
import type { Signature } from './signature.js';
import { type Dict, MAX_TEXT, TemplateProblem } from './values.js';

/** The receiver is the first value. */
export type Methods = ReadonlyMap<string, Signature>;

const none = (run: (text: string) => unknown): Signature => ({
  parameters: [],
  run: run as Signature['run'],
});
const method = (parameters: readonly string[], run: Signature['run']): Signature => ({ parameters, run });

const words = (text: string): string[] => text.split(/\s+/).filter((each) => each !== '');
const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
const wholly = (pattern: RegExp) => none((text) => pattern.test(text));

function stripped(text: string, characters: string | null | undefined, ends: 'l' | 'r' | 'lr'): string {
  const isOut = (each: string) => (characters == null ? /\s/.test(each) : characters.includes(each));
  let [from, to] = [0, text.length];
  if (ends.includes('l')) while (from < to && isOut(text.charAt(from))) from++;
  if (ends.includes('r')) while (to > from && isOut(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

function split(text: string, separator: string | null | undefined, limit: number | undefined): string[] {
  const parts = separator == null ? words(text) : text.split(separator);
  if (limit === undefined || limit < 0 || parts.length <= limit + 1) return parts;
  if (separator == null) {
    const head = parts.slice(0, limit);
    const tail = head.reduce((rest, word) => rest.trimStart().slice(word.length), text).trimStart();
    return [...head, tail];
  }
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function rightSplit(text: string, separator: string | null | undefined, limit: number | undefined): string[] {
  if (separator == null || limit === undefined || limit < 0) return split(text, separator, undefined);
  const parts = text.split(separator);
  const kept = Math.max(0, parts.length - limit);
  return kept === 0 ? parts : [parts.slice(0, kept).join(separator), ...parts.slice(kept)];
}

export function replaced(text: string, from: string, to: string, count: number | null | undefined): string {
  if (count == null || count < 0) return text.replaceAll(from, () => to);
  let rest = text;
  let done = '';
  for (let left = count; left > 0; left--) {
    const at = rest.indexOf(from);
    if (at === -1) break;
    done += rest.slice(0, at) + to;
    rest = rest.slice(at + from.length);
  }
  return done + rest;
}

function cut(text: string, separator: string, at: number, missing: readonly string[]): readonly string[] {
  return at === -1 ? missing : [text.slice(0, at), separator, text.slice(at + separator.length)];
}

function padded(text: string, width: number, fill: string, left: number): string {
  if (width > MAX_TEXT) throw new TemplateProblem(`a text of ${width} characters is too long`);
  const missing = Math.max(0, width - text.length);
  const before = Math.floor(missing * left);
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

const anyOf = (given: unknown): readonly string[] => [given].flat().map(String);

export const TEXT_METHODS: Methods = new Map<string, Signature>([
  ['upper', none((text) => text.toUpperCase())],
  ['lower', none((text) => text.toLowerCase())],
  ['casefold', none((text) => text.toLowerCase())],
  ['capitalize', none(capitalized)],
  ['title', none((text) => text.replace(/\p{L}+/gu, capitalized))],
  [
    'swapcase',
    none((text) =>
      [...text].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(''),
    ),
  ],
  ['strip', method(['chars'], (text: string, chars?: string) => stripped(text, chars, 'lr'))],
  ['lstrip', method(['chars'], (text: string, chars?: string) => stripped(text, chars, 'l'))],
  ['rstrip', method(['chars'], (text: string, chars?: string) => stripped(text, chars, 'r'))],
  ['split', method(['sep', 'maxsplit'], split)],
  ['rsplit', method(['sep', 'maxsplit'], rightSplit)],
  [
    'splitlines',
    none((text) =>
      text
        .replace(/\r?\n$/, '')
        .split(/\r?\n/)
        .filter((_, index, all) => all.length > 1 || text !== '' || index > 0),
    ),
  ],
  [
    'startswith',
    method(['prefix'], (text: string, prefix: unknown) =>
      anyOf(prefix).some((each) => text.startsWith(each)),
    ),
  ],
  [
    'endswith',
    method(['suffix'], (text: string, suffix: unknown) => anyOf(suffix).some((each) => text.endsWith(each))),
  ],
  ['replace', method(['old', 'new', 'count'], replaced)],
  ['find', method(['sub'], (text: string, sub: string) => text.indexOf(sub))],
  ['rfind', method(['sub'], (text: string, sub: string) => text.lastIndexOf(sub))],
  [
    'count',
    method(['sub'], (text: string, sub: string) =>
      sub === '' ? text.length + 1 : text.split(sub).length - 1,
    ),
  ],
  [
    'partition',
    method(['sep'], (text: string, sep: string) => cut(text, sep, text.indexOf(sep), [text, '', ''])),
  ],
  [
    'rpartition',
    method(['sep'], (text: string, sep: string) => cut(text, sep, text.lastIndexOf(sep), ['', '', text])),
  ],
  [
    'removeprefix',
    method(['prefix'], (text: string, prefix: string) =>
      text.startsWith(prefix) ? text.slice(prefix.length) : text,
    ),
  ],
  [
    'removesuffix',
    method(['suffix'], (text: string, suffix: string) =>
      suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
    ),
  ],
  [
    'ljust',
    method(['width', 'fillchar'], (text: string, width: number, fill = ' ') => padded(text, width, fill, 0)),
  ],
  [
    'rjust',
    method(['width', 'fillchar'], (text: string, width: number, fill = ' ') => padded(text, width, fill, 1)),
  ],
  [
    'center',
    method(['width', 'fillchar'], (text: string, width: number, fill = ' ') =>
      padded(text, width, fill, 0.5),
    ),
  ],
  ['zfill', method(['width'], (text: string, width: number) => padded(text, width, '0', 1))],
  ['isdigit', wholly(/^\p{Nd}+$/u)],
  ['isnumeric', wholly(/^\p{N}+$/u)],
  ['isalpha', wholly(/^\p{L}+$/u)],
  ['isalnum', wholly(/^[\p{L}\p{N}]+$/u)],
  ['isspace', wholly(/^\s+$/)],
  ['isupper', none((text) => text === text.toUpperCase() && text !== text.toLowerCase())],
  ['islower', none((text) => text === text.toLowerCase() && text !== text.toUpperCase())],
  ['join', method(['iterable'], (text: string, parts: readonly unknown[]) => parts.map(String).join(text))],
  ['format', method(['*args', '**kwargs'], formatBraces)],
]);

type Writable = Record<string, unknown>;
const has = (dict: Dict, key: unknown) => Object.hasOwn(dict, String(key));

export const DICT_METHODS: Methods = new Map<string, Signature>([
  [
    'get',
    method(['key', 'default'], (dict: Dict, key: unknown, fallback: unknown = null) =>
      has(dict, key) ? dict[String(key)] : fallback,
    ),
  ],
  ['items', method([], (dict: Dict) => Object.entries(dict))],
  ['keys', method([], (dict: Dict) => Object.keys(dict))],
  ['values', method([], (dict: Dict) => Object.values(dict))],
  ['copy', method([], (dict: Dict) => ({ ...dict }))],
  [
    'update',
    method(
      ['other', '**kwargs'],
      (dict: Writable, other: Dict | undefined, more: Dict) => void Object.assign(dict, other, more),
    ),
  ],
  [
    'setdefault',
    method(['key', 'default'], (dict: Writable, key: string, value: unknown = null) => {
      if (!has(dict, key)) dict[key] = value;
      return dict[key];
    }),
  ],
  [
    'pop',
    method(['key', 'default'], (dict: Writable, key: string, fallback: unknown = null) => {
      const value = has(dict, key) ? dict[key] : fallback;
      delete dict[key];
      return value;
    }),
  ],
]);

export const LIST_METHODS: Methods = new Map<string, Signature>([
  ['append', method(['object'], (list: unknown[], value: unknown) => void list.push(value))],
  ['extend', method(['iterable'], (list: unknown[], more: readonly unknown[]) => void list.push(...more))],
  [
    'insert',
    method(
      ['index', 'object'],
      (list: unknown[], index: number, value: unknown) => void list.splice(index, 0, value),
    ),
  ],
  ['pop', method(['index'], (list: unknown[], index = -1) => list.splice(index, 1)[0])],
  ['index', method(['value'], (list: readonly unknown[], value: unknown) => list.indexOf(value))],
  [
    'count',
    method(
      ['value'],
      (list: readonly unknown[], value: unknown) => list.filter((each) => each === value).length,
    ),
  ],
  ['copy', method([], (list: readonly unknown[]) => [...list])],
]);

/** Methods of Python's values that are not here, and what to write instead; a template that calls one does not start. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  isoformat: 'times are texts in ISO 8601 already: write the value itself',
  strftime: 'times are texts in ISO 8601: write the value itself, or cut it with [:10]',
  astimezone: 'times are texts in ISO 8601, in UTC',
  timestamp: 'times are texts in ISO 8601',
  encode: 'texts need no encoding here',
  format_map: 'write .format(NAME=VALUE)',
  expandtabs: "write .replace('\\t', '    ')",
  translate: 'write .replace(OLD, NEW)',
  maketrans: 'write .replace(OLD, NEW)',
  popitem: 'write a loop over .items()',
  fromkeys: 'write the dict itself',
  sort: 'write {% set xs = xs | sort %}',
  reverse: 'write {% set xs = xs | reverse | list %}',
};

export const METHOD_NAMES: ReadonlyMap<string, readonly Signature[]> = (() => {
  const all = new Map<string, Signature[]>();
  for (const table of [TEXT_METHODS, DICT_METHODS, LIST_METHODS]) {
    for (const [name, signature] of table) all.set(name, [...(all.get(name) ?? []), signature]);
  }
  return all;
})();
