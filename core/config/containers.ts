import type { JsonValue } from '../model/json.js';
import type { Kind, ValueOf } from './kind.js';
import { TraitError } from './kind.js';
import { pythonLiteral } from './python-literal.js';
import { stringKind } from './scalars.js';

/** Kinds of values that hold others: List, Set, Dict, Command and Union of traitlets 5. */

export type KindsValue<M extends readonly Kind<unknown>[]> = ValueOf<M[number]>;

export function listKind<T>(item: Kind<T>): Kind<readonly T[]> {
  const parse = (value: unknown): readonly T[] => {
    if (!Array.isArray(value)) throw new TraitError('a list', value);
    return value.map((element, index) => inStep(`[${index}]`, () => item.parse(element)));
  };
  return {
    type: 'List',
    container: 'list',
    wrapsText: true,
    jsonSchema: { type: 'array', items: item.jsonSchema },
    parse,
    parseString: (text) => parse(pythonLiteral(text)),
    parseStrings: (texts) =>
      literalOf(texts, ['[]', '()'], parse) ?? texts.map((text) => item.parseString(text)),
  };
}

export function setKind<T>(item: Kind<T>): Kind<ReadonlySet<T>> {
  const parse = (value: unknown): ReadonlySet<T> => {
    if (!Array.isArray(value) && !(value instanceof Set)) throw new TraitError('a set or a list', value);
    return new Set(
      [...(value as Iterable<unknown>)].map((element) =>
        inStep(`{${String(element)}}`, () => item.parse(element)),
      ),
    );
  };
  return {
    type: 'Set',
    container: 'set',
    wrapsText: true,
    jsonSchema: { type: 'array', items: item.jsonSchema, uniqueItems: true },
    parse,
    parseString: (text) => parse(emptySet(pythonLiteral(text))),
    parseStrings: (texts) =>
      literalOf(texts, ['[]', '()', '{}'], (value) => parse(emptySet(value))) ??
      new Set(texts.map((text) => item.parseString(text))),
  };
}

export function dictKind<T>(item: Kind<T>): Kind<Readonly<Record<string, T>>> {
  const parse = (value: unknown): Readonly<Record<string, T>> => {
    const entries = entriesOf(value);
    if (!entries) throw new TraitError('a dictionary', value);
    return plain(
      entries.map(([key, element]) => [key, inStep(`[${JSON.stringify(key)}]`, () => item.parse(element))]),
    );
  };
  const pair = (text: string): [string, T] => {
    const cut = text.indexOf('=');
    if (cut < 0) throw new TraitError('key=value', text);
    return [text.slice(0, cut), item.parseString(text.slice(cut + 1))];
  };
  const parseStrings = (texts: readonly string[]): Readonly<Record<string, T>> =>
    literalOf(texts, ['{}'], parse) ?? plain(texts.map(pair));
  return {
    type: 'Dict',
    container: 'dict',
    jsonSchema: { type: 'object', additionalProperties: item.jsonSchema },
    parse,
    parseString: (text) => parseStrings([text]),
    parseStrings,
  };
}

/** @param least how many words it has at least */
export function commandKind(least: number): Kind<readonly string[]> {
  const words = listKind(stringKind);
  const checked = (command: readonly string[]): readonly string[] => {
    if (command.length < least) throw new TraitError('a program', command);
    return command;
  };
  const { parseStrings } = words;
  return {
    ...words,
    type: 'Command',
    jsonSchema: {
      anyOf: [
        { type: 'string' },
        { type: 'array', items: { type: 'string' }, ...(least > 0 && { minItems: least }) },
      ],
    },
    parse: (value) => checked(words.parse(typeof value === 'string' ? [value] : value)),
    parseString: (text) => checked(words.parseString(text)),
    ...(parseStrings && { parseStrings: (texts: readonly string[]) => checked(parseStrings(texts)) }),
  };
}

export function unionKind<const M extends readonly Kind<unknown>[]>(members: M): Kind<KindsValue<M>> {
  const expected = members.map((member) => member.type).join(' or ');
  const container = members.find((member) => member.container !== undefined)?.container;
  const firstThat = (value: unknown, read: (member: Kind<unknown>) => unknown): KindsValue<M> => {
    const faults: TraitError[] = [];
    for (const member of members) {
      try {
        return read(member) as KindsValue<M>;
      } catch (error) {
        if (!(error instanceof TraitError)) throw error;
        faults.push(error);
      }
    }
    // a fault inside a container says more than "none of them"
    throw faults.find((fault) => fault.path !== '') ?? new TraitError(expected, value);
  };
  return {
    type: 'Union',
    ...(container && { container }),
    jsonSchema: {
      anyOf: members.map((member): JsonValue => member.jsonSchema).filter((schema) => !isNever(schema)),
    },
    parse: (value) => firstThat(value, (member) => member.parse(value)),
    parseString: (text) => firstThat(text, (member) => member.parseString(text)),
    ...(container && {
      parseStrings: (texts: readonly string[]) =>
        firstThat(texts, (member) => member.parseStrings?.(texts) ?? single(member, texts)),
    }),
  };
}

function single(member: Kind<unknown>, texts: readonly string[]): unknown {
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0) throw new TraitError('one value', texts);
  return member.parseString(only);
}

function isNever(schema: JsonValue): boolean {
  return typeof schema === 'object' && schema !== null && 'not' in schema;
}

/** traitlets' older spelling `--C.x="['a', 'b']"`: one text that is a whole Python literal. */
function literalOf<T>(
  texts: readonly string[],
  pairs: readonly string[],
  parse: (value: unknown) => T,
): T | undefined {
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0) return undefined;
  const isLiteral = pairs.some((pair) => only.startsWith(pair.slice(0, 1)) && only.endsWith(pair.slice(1)));
  return isLiteral ? parse(pythonLiteral(only)) : undefined;
}

/** `{}` is Python's empty dictionary; for a set it means the empty set. */
function emptySet(value: unknown): unknown {
  return entriesOf(value)?.length === 0 ? [] : value;
}

function entriesOf(value: unknown): ReadonlyArray<[string, unknown]> | undefined {
  if (value instanceof Map) return [...value].map(([key, element]) => [String(key), element]);
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? Object.entries(value) : undefined;
}

/** Without a prototype, so that a key such as `__proto__` or `constructor` is only a key. */
function plain<T>(entries: ReadonlyArray<readonly [string, T]>): Readonly<Record<string, T>> {
  const record = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) record[key] = value;
  return record;
}

function inStep<T>(step: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TraitError ? error.within(step) : error;
  }
}
