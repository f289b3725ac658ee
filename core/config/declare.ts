/**
 * Classes of configurable values, as JupyterHub names them, inherited as traitlets inherits them: a subclass
 * has its parent's traits, may default them otherwise, and takes what is configured for the parent unless
 * its own section says otherwise.
 */

import type { Trait, ValueOf } from './traits.js';
import { TraitError } from './traits.js';
import type { ConfigTree } from './tree.js';
import { settingOf } from './tree.js';

export type TraitMap = Readonly<Record<string, Trait<unknown>>>;
type ValuesOf<M extends TraitMap> = { readonly [K in keyof M]: ValueOf<M[K]> };

/** A fault in what was configured: `Class.trait`, where it was set, what is wrong. */
export interface ConfigFault {
  readonly className: string;
  readonly trait: string;
  readonly source: string;
  readonly message: string;
}

/** What a rule sees beside the values: which traits were configured rather than defaulted. */
export type IsSet<V> = (trait: keyof V & string) => boolean;

/** A broken rule between traits: the trait to blame and what to write instead. */
export interface RuleFault<V> {
  readonly trait: keyof V & string;
  readonly message: string;
  /** The start goes on; the message is logged. */
  readonly warning?: boolean;
}

export interface ClassDeclaration<V = unknown> {
  readonly name: string;
  /** JupyterHub's dotted path(s) and short names that name this class, e.g. `simple`. */
  readonly aliases: readonly string[];
  readonly help: string;
  readonly parent?: ClassDeclaration;
  /** Own traits only, overridden defaults included. */
  readonly own: TraitMap;
  /** Own and inherited. */
  readonly traits: TraitMap;
  /** Values that follow from others, the parent's first. */
  readonly derivers: readonly Deriver[];
  readonly rules: readonly Rule[];
  /** Only for the type system: never present. */
  readonly values?: V;
}

type Deriver = (values: never, isSet: never) => object;
type Rule = (values: never, isSet: never) => readonly RuleFault<Record<string, unknown>>[];

/** The values of a class: `Resolved<typeof SpawnerClass>` has `start_timeout: number`, and so on. */
export type Resolved<C> = C extends ClassDeclaration<infer V> ? V : never;

type Simplify<T> = { readonly [K in keyof T]: T[K] };
export type Merged<P, M extends TraitMap> = Simplify<Omit<P, keyof M> & ValuesOf<M>>;

export interface ClassSpec<M extends TraitMap, P> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly parent?: ClassDeclaration<P>;
  readonly help: string;
  readonly traits: M;
  /** Other defaults for inherited traits. */
  readonly defaults?: Partial<P>;
  /**
   * Computes values from others (a default that follows another trait, a normal form). Runs after all
   * configured values are in; what it returns replaces. Must be pure.
   */
  readonly derive?: (values: Merged<P, M>, isSet: IsSet<Merged<P, M>>) => Partial<Merged<P, M>>;
  /** Rules between traits, checked after `derive`; each broken one stops the start. */
  readonly rules?: (
    values: Merged<P, M>,
    isSet: IsSet<Merged<P, M>>,
  ) => ReadonlyArray<RuleFault<Merged<P, M>>>;
}

// biome-ignore lint/complexity/noBannedTypes: `{}` is the exact type of "no inherited traits"
export function declareClass<M extends TraitMap, P = {}>(
  spec: ClassSpec<M, P>,
): ClassDeclaration<Merged<P, M>> {
  const { parent } = spec;
  const own: Record<string, Trait<unknown>> = { ...spec.traits };
  for (const [name, value] of Object.entries(spec.defaults ?? {})) {
    const inherited = parent?.traits[name];
    if (!inherited) throw new Error(`${spec.name}.${name}: there is no such inherited trait`);
    own[name] = { ...inherited, default: value };
  }
  return {
    name: spec.name,
    aliases: spec.aliases ?? [],
    help: spec.help,
    ...(parent && { parent }),
    own,
    traits: { ...parent?.traits, ...own },
    derivers: [...(parent?.derivers ?? []), ...(spec.derive ? [spec.derive as Deriver] : [])],
    rules: [...(parent?.rules ?? []), ...(spec.rules ? [spec.rules as Rule] : [])],
  };
}

/** The class itself, then its parents up to the root. */
export function lineage(declaration: ClassDeclaration): readonly ClassDeclaration[] {
  const line: ClassDeclaration[] = [];
  for (let next: ClassDeclaration | undefined = declaration; next; next = next.parent) line.push(next);
  return line;
}

export interface Resolution<V> {
  readonly values: V;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  /** Names of traits that were configured (file, flag or environment) rather than defaulted. */
  readonly configured: ReadonlySet<string>;
}

/**
 * Values of a class under a configuration; pure. A faulty value is reported and its default stands in, so
 * that one run tells every fault. Rules are only asked when all values are sound.
 */
export function resolve<V>(
  declaration: ClassDeclaration<V>,
  config: ConfigTree,
  env: Readonly<Record<string, string | undefined>> = {},
): Resolution<V> {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  const configured = new Set<string>();
  const values: Record<string, unknown> = {};
  const names = lineage(declaration).map((each) => each.name);
  for (const [name, trait] of Object.entries(declaration.traits)) {
    values[name] = trait.default;
    const setting = settingOf(config, names, name, trait, env);
    if (!setting) continue;
    configured.add(name);
    try {
      values[name] = setting.read();
    } catch (error) {
      if (!(error instanceof TraitError)) throw error;
      const message = trait.secret ? error.blanked : error.message;
      faults.push({
        className: setting.className ?? declaration.name,
        trait: name,
        source: setting.source,
        message,
      });
    }
  }
  finish(declaration, values, configured, { faults, warnings });
  return { values: values as V, faults, warnings, configured };
}

function finish(
  declaration: ClassDeclaration,
  values: Record<string, unknown>,
  configured: ReadonlySet<string>,
  { faults, warnings }: { readonly faults: ConfigFault[]; readonly warnings: ConfigFault[] },
): void {
  const isSet = (name: string): boolean => configured.has(name);
  try {
    for (const derive of declaration.derivers) Object.assign(values, derive(values as never, isSet as never));
  } catch (error) {
    // a deriver may stumble over the default that stands in for a faulty value; the fault itself is reported
    if (faults.length === 0) throw error;
  }
  if (faults.length > 0) return;
  for (const rule of declaration.rules) {
    for (const { trait, message, warning } of rule(values as never, isSet as never)) {
      (warning ? warnings : faults).push({ className: declaration.name, trait, source: '', message });
    }
  }
}

/** A class with nothing configured: for tests. */
export function defaults<V>(declaration: ClassDeclaration<V>, overrides: Partial<V> = {}): V {
  return { ...resolve(declaration, new Map()).values, ...overrides };
}
