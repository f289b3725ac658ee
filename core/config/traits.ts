/**
 * The traits: typed descriptions of configurable values. One declaration gives the TypeScript type, the
 * validation, the command line's parsing, `--help-all`, `--generate-config`, `--show-config`, the
 * documentation and the JSON Schema.
 *
 * Owns: the constructors of traits. Does not own: which class has which trait (declare.ts and the rooms),
 * where a value comes from (load.ts).
 */

import type { KindsValue } from './containers.js';
import { commandKind, dictKind, listKind, setKind, unionKind } from './containers.js';
import type { Kind } from './kind.js';
import {
  anyKind,
  boolKind,
  byteKind,
  bytesKind,
  enumKind,
  floatKind,
  functionKind,
  intKind,
  stringKind,
  urlPrefixKind,
} from './scalars.js';

export type { Kind, ValueOf } from './kind.js';
export { TraitError } from './kind.js';
export { anyKind as anything, functionKind as functionOf } from './scalars.js';

export interface Deprecation {
  /** `Class.trait` (or a whole sentence's object) to use instead, shown in the warning. */
  readonly use: string;
  /** The JupyterHub version that deprecated it, or another program and its version. */
  readonly since?: string;
  /**
   * Where the value goes: the trait that receives it. Absent when the old name keeps working by itself.
   */
  readonly target?: { readonly className: string; readonly trait: string };
}

export type Secrecy = boolean | 'values';

/** A variable, and how its text is written as the trait's own where it is not. */
export interface EnvironmentSource {
  readonly name: string;
  readonly write?: (text: string) => string;
}

export interface TraitOptions {
  /** One or two sentences: what it does, the unit, what the default means. */
  readonly help?: string;
  /** Blanked by `--show-config` and in fault messages; `values` keeps the keys of a dictionary or of records. */
  readonly secret?: Secrecy;
  readonly deprecated?: Deprecation;
  /** Variables of the hub's environment that JupyterHub itself reads as the default of this trait; the first that is set. */
  readonly env?: string | readonly EnvironmentSource[];
  /** What the documentation shows instead of the default's value, e.g. when it is derived. */
  readonly defaultText?: string;
  /** Overrides the documented type name where JupyterHub calls it otherwise. */
  readonly type?: string;
}

export interface Trait<T> extends Kind<T> {
  readonly default: T;
  readonly help: string;
  readonly secret: Secrecy;
  readonly deprecated?: Deprecation;
  readonly env?: string | readonly EnvironmentSource[];
  readonly defaultText?: string;
}

/** A trait from any kind; the named constructors below are the ones to use. */
export function trait<T>(kind: Kind<T>, defaultValue: T, options: TraitOptions = {}): Trait<T> {
  return {
    ...kind,
    ...options,
    type: options.type ?? kind.type,
    default: defaultValue,
    help: options.help ?? '',
    secret: options.secret ?? false,
  };
}

/** `None` allowed; the default becomes `null` unless another is given. */
export function optional<T>(inner: Trait<T>, defaultValue: T | null = null): Trait<T | null> {
  const parse = (value: unknown): T | null => (value === null ? null : inner.parse(value));
  const parseString = (text: string): T | null => (text === 'None' ? null : inner.parseString(text));
  const schema = { anyOf: [inner.jsonSchema, { type: 'null' }] };
  const { parseStrings } = inner;
  return {
    ...inner,
    default: defaultValue,
    jsonSchema: schema,
    parse,
    parseString,
    ...(parseStrings && {
      parseStrings: (texts: readonly string[]) =>
        texts.length === 1 && texts[0] === 'None' ? null : parseStrings(texts),
    }),
  };
}

export function unicode(defaultValue = '', options: TraitOptions = {}): Trait<string> {
  return trait(stringKind, defaultValue, options);
}

export interface NumberOptions extends TraitOptions {
  readonly min?: number;
  readonly max?: number;
}

export function integer(defaultValue = 0, options: NumberOptions = {}): Trait<number> {
  return trait(intKind(options.min, options.max), defaultValue, withoutBounds(options));
}

export function float(defaultValue = 0, options: NumberOptions = {}): Trait<number> {
  return trait(floatKind(options.min, options.max), defaultValue, withoutBounds(options));
}

export function bool(defaultValue = false, options: TraitOptions = {}): Trait<boolean> {
  return trait(boolKind, defaultValue, options);
}

/** Octets: a `Uint8Array` of a module, or a text taken as UTF-8. */
export function bytes(
  defaultValue: Uint8Array = new Uint8Array(),
  options: TraitOptions = {},
): Trait<Uint8Array> {
  return trait(bytesKind, defaultValue, options);
}

/** A function, or `null` for none. Only a `.mjs`/`.js` file can give one. */
export function callable<F extends (...args: never[]) => unknown>(
  options: TraitOptions = {},
): Trait<F | null> {
  return optional(trait<F>(functionKind<F>(), unset as unknown as F, options));
}

/** Any value at all. */
export function any(defaultValue: unknown = null, options: TraitOptions = {}): Trait<unknown> {
  return trait(anyKind, defaultValue, options);
}

export function list<T>(
  item: Kind<T>,
  defaultValue: readonly T[] = [],
  options: TraitOptions = {},
): Trait<readonly T[]> {
  return trait(listKind(item), defaultValue, options);
}

export function set<T>(
  item: Kind<T>,
  defaultValue: ReadonlySet<T> = new Set(),
  options: TraitOptions = {},
): Trait<ReadonlySet<T>> {
  return trait(setKind(item), defaultValue, options);
}

export function dict<T>(
  value: Kind<T>,
  defaultValue: Readonly<Record<string, T>> = {},
  options: TraitOptions = {},
): Trait<Readonly<Record<string, T>>> {
  return trait(dictKind(value), defaultValue, options);
}

/** The first member that takes the value gives it. */
export function union<const M extends readonly Kind<unknown>[]>(
  members: M,
  defaultValue: KindsValue<M>,
  options: TraitOptions = {},
): Trait<KindsValue<M>> {
  return trait(unionKind(members), defaultValue, options);
}

/** One of the listed values. `caseless` accepts any case and gives the listed spelling. */
export function enumeration<const V extends string | number>(
  values: readonly V[],
  defaultValue: NoInfer<V>,
  options: TraitOptions & { readonly caseless?: boolean } = {},
): Trait<V> {
  const { caseless, ...rest } = options;
  return trait(enumKind(values, caseless ?? false), defaultValue, rest);
}

/** A program with its arguments; one string is a list of one. `mayBeEmpty` takes a list of none, too. */
export function command(
  defaultValue: readonly string[] = [],
  options: TraitOptions & { readonly mayBeEmpty?: boolean } = {},
): Trait<readonly string[]> {
  const { mayBeEmpty = false, ...rest } = options;
  return trait(commandKind(mayBeEmpty ? 0 : 1), defaultValue, rest);
}

/** A URL path with its slashes put right. */
export function urlPrefix(defaultValue = '/', options: TraitOptions = {}): Trait<string> {
  return trait(urlPrefixKind, defaultValue, options);
}

/** Bytes as a number, or a number with K, M, G or T (powers of 1024); `null` for no limit. */
export function byteSpecification(options: TraitOptions = {}): Trait<number | null> {
  return optional(trait(byteKind, 0, options));
}

/**
 * The choice of a plug-in's class: a short name (`simple`), JupyterHub's dotted path
 * (`jupyterhub.spawner.SimpleLocalProcessSpawner`) or `package#Export`. Whether such a class exists is the
 * loader's question.
 */
export function classRef(defaultValue: string, options: TraitOptions = {}): Trait<string> {
  return trait(stringKind, defaultValue, { type: 'EntryPointType', ...options });
}

function unset(): never {
  throw new Error('the placeholder of an unset function was called');
}

function withoutBounds({ min: _min, max: _max, ...options }: NumberOptions): TraitOptions {
  return options;
}
