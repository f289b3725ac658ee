/**
 * What was configured, before it meets a class: settings by class name and trait name, from several sources,
 * merged as traitlets merges (a later source replaces; a lazy operation applies to what is there).
 */
import type { Kind, Trait } from './traits.js';
import { TraitError } from './traits.js';

/** One step of traitlets' LazyConfigValue, e.g. `c.Spawner.env_keep.append('X')`. */
export type LazyOperation =
  | { readonly op: 'append' | 'add'; readonly value: unknown }
  | { readonly op: 'insert'; readonly index: number; readonly value: unknown }
  | { readonly op: 'extend' | 'prepend' | 'update'; readonly value: unknown };

export type Setting =
  /** A value of a configuration file. */
  | { readonly kind: 'value'; readonly value: unknown; readonly source: string }
  /** What the command line said, once or more often. */
  | { readonly kind: 'texts'; readonly texts: readonly string[]; readonly source: string }
  | { readonly kind: 'lazy'; readonly operations: readonly LazyOperation[]; readonly source: string };

/** `className -> traitName -> settings`, lowest source first. */
export type ConfigTree = ReadonlyMap<string, ReadonlyMap<string, readonly Setting[]>>;

export interface FoundSetting {
  /** The section that decided; absent for the environment. */
  readonly className?: string;
  readonly source: string;
  /** @throws TraitError */
  read(): unknown;
}

/**
 * What decides a trait: environment below the parents' sections below the class's own.
 *
 * @param names the class and its parents, the class first
 */
export function settingOf(
  config: ConfigTree,
  names: readonly string[],
  traitName: string,
  trait: Trait<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): FoundSetting | undefined {
  const variable = environmentOf(trait, env);
  const chain = [...names]
    .reverse()
    .flatMap((className) =>
      (config.get(className)?.get(traitName) ?? []).map((setting) => ({ className, setting })),
    );
  const last = chain.at(-1);
  const fromEnvironment = variable?.text;
  if (!last) {
    if (fromEnvironment === undefined) return undefined;
    return { source: `environment variable ${variable?.name}`, read: () => readText(trait, fromEnvironment) };
  }
  const initial = (): unknown =>
    fromEnvironment === undefined ? trait.default : readText(trait, fromEnvironment);
  return {
    className: last.className,
    source: last.setting.source,
    read: () =>
      readChain(
        trait,
        chain.map(({ setting }) => setting),
        initial,
      ),
  };
}

/** Names of the variables that a trait is read from, the strongest first. */
export function environmentNames({ env = [] }: Pick<Trait<unknown>, 'env'>): readonly string[] {
  return typeof env === 'string' ? [env] : env.map(({ name }) => name);
}

/** The first variable of the trait that is set and not empty. */
function environmentOf(
  { env: sources = [] }: Trait<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly text: string } | undefined {
  for (const { name, write } of typeof sources === 'string'
    ? [{ name: sources, write: undefined }]
    : sources) {
    const text = env[name];
    if (text !== undefined && text !== '') return { name, text: write ? write(text) : text };
  }
  return undefined;
}

/** Only what follows the last replacing setting counts; lazy operations are applied in order. */
function readChain(trait: Kind<unknown>, chain: readonly Setting[], initial: () => unknown): unknown {
  const base = chain.findLastIndex((setting) => setting.kind !== 'lazy');
  const replacing = chain[base];
  let value = replacing ? readSetting(trait, replacing) : initial();
  const operations = chain
    .slice(base + 1)
    .flatMap((setting) => (setting.kind === 'lazy' ? setting.operations : []));
  if (operations.length === 0) return value;
  for (const operation of operations) value = applyLazy(trait, value, operation);
  return trait.parse(value);
}

function readSetting(trait: Kind<unknown>, setting: Setting): unknown {
  if (setting.kind === 'value') {
    return trait.parse(
      trait.wrapsText && typeof setting.value === 'string' ? [setting.value] : setting.value,
    );
  }
  return setting.kind === 'texts' ? readTexts(trait, setting.texts) : undefined;
}

/**
 * The texts of a flag. traitlets tries the trait's own reading of them and, when that fails, hands the texts
 * themselves to the validation (so `--Spawner.mem_limit=1G` and `--Spawner.args=[a]` work).
 */
function readTexts(trait: Kind<unknown>, texts: readonly string[]): unknown {
  const { parseStrings } = trait;
  if (trait.container && parseStrings) {
    return firstOf(
      () => parseStrings(texts),
      () => trait.parse(texts),
    );
  }
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0)
    throw new TraitError('one value (the flag was given more than once)', texts);
  return readText(trait, only);
}

function readText(trait: Kind<unknown>, text: string): unknown {
  return firstOf(
    () => trait.parseString(text),
    () => trait.parse(text),
  );
}

/** The first reading that works; when none does, the first one's complaint. */
function firstOf(first: () => unknown, second: () => unknown): unknown {
  try {
    return first();
  } catch (error) {
    if (!(error instanceof TraitError)) throw error;
    try {
      return second();
    } catch (other) {
      throw other instanceof TraitError ? error : other;
    }
  }
}

function applyLazy(trait: Kind<unknown>, value: unknown, operation: LazyOperation): unknown {
  if (Array.isArray(value)) return lazyList(value, operation);
  if (value instanceof Set) return lazySet(value, operation);
  if (typeof value === 'object' && value !== null && operation.op === 'update') {
    return { ...value, ...(operation.value as object) };
  }
  throw new TraitError(`a value that .${operation.op}() works on (the trait is a ${trait.type})`, value);
}

function lazyList(value: readonly unknown[], operation: LazyOperation): readonly unknown[] {
  switch (operation.op) {
    case 'append':
      return [...value, operation.value];
    case 'extend':
      return [...value, ...iterable(operation.value)];
    case 'prepend':
      return [...iterable(operation.value), ...value];
    case 'insert':
      return value.toSpliced(operation.index, 0, operation.value);
    default:
      throw new TraitError(`a set or a dictionary for .${operation.op}()`, value);
  }
}

function lazySet(value: ReadonlySet<unknown>, operation: LazyOperation): ReadonlySet<unknown> {
  switch (operation.op) {
    case 'add':
      return new Set([...value, operation.value]);
    case 'update':
    case 'extend':
      return new Set([...value, ...iterable(operation.value)]);
    default:
      throw new TraitError(`a list for .${operation.op}()`, value);
  }
}

function iterable(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value as Iterable<unknown>;
  throw new TraitError('a list or a set', value);
}
