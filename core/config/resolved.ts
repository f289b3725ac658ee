/**
 * The configuration as the rooms get it: values per class, all of them checked before anybody sees one.
 */
import { StartupFault } from '../fault.js';
import type { ClassDeclaration, ConfigFault, Resolution } from './declare.js';
import { lineage, resolve } from './declare.js';
import type { ConfigFile } from './files.js';
import { type ConfigTree, settingOf } from './tree.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Which class fills which slot, e.g. `spawner`. */
export type Selection = Readonly<Record<string, ClassDeclaration>>;

export interface ResolvedConfigInit<S extends Selection> {
  readonly tree: ConfigTree;
  readonly env: Environment;
  readonly selected: S;
  readonly file?: ConfigFile;
}

export class ResolvedConfig<S extends Selection = Selection> {
  /** The classes chosen by `spawner_class`, `authenticator_class` and `proxy_class`. */
  readonly selected: S;
  /** What was read; absent when there was no file. */
  readonly file: { readonly path: string; readonly kind: ConfigFile['kind'] } | undefined;
  /** What was configured, before it met the classes. For `--show-config`. */
  readonly tree: ConfigTree;
  readonly #env: Environment;
  readonly #cache = new Map<ClassDeclaration, Resolution<unknown>>();

  constructor(init: ResolvedConfigInit<S>) {
    this.tree = init.tree;
    this.#env = init.env;
    this.selected = init.selected;
    this.file = init.file && { path: init.file.path, kind: init.file.kind };
  }

  /**
   * The values of a class, its parents' sections included.
   * @throws StartupFault for a class that the loader did not check and that is configured wrongly
   */
  of<V>(declaration: ClassDeclaration<V>): V {
    const { values, faults } = this.resolution(declaration);
    if (faults.length > 0) throw new StartupFault(faults.map(faultLine));
    return values as V;
  }

  /** Whether a file, a flag or the environment says it, for this class or for a parent. */
  isSet<V>(declaration: ClassDeclaration<V>, trait: keyof V & string): boolean {
    return this.resolution(declaration).configured.has(trait);
  }

  resolution(declaration: ClassDeclaration): Resolution<unknown> {
    const found = this.#cache.get(declaration) ?? resolve(declaration, this.tree, this.#env);
    this.#cache.set(declaration, found);
    return found;
  }

  /** One line for what is wrong with a setting though its value is of the right kind. */
  faultAt<V>(declaration: ClassDeclaration<V>, name: keyof V & string, message: string): string {
    const trait = declaration.traits[name];
    const names = lineage(declaration).map((each) => each.name);
    const setting = trait && settingOf(this.tree, names, name, trait, this.#env);
    return faultLine({
      className: setting?.className ?? declaration.name,
      trait: name,
      source: setting?.source ?? '',
      message,
    });
  }

  /** Whether the class or one of its heirs fills a slot. */
  isSelected(declaration: ClassDeclaration): boolean {
    return Object.values(this.selected).some((each) => lineage(each).includes(declaration));
  }
}

/** One line for one fault: what, where, and what is wrong. */
export function faultLine(fault: ConfigFault): string {
  const where = fault.source === '' ? '' : ` (${fault.source})`;
  const dot = fault.trait === '' ? '' : `.${fault.trait}`;
  return `c.${fault.className}${dot}${where}: ${fault.message}`;
}
