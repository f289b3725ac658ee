/**
 * What names a configuration may use: the declared classes and those that are known but not built. Checks
 * names; values are the traits' business.
 */
import type { ClassDeclaration, ConfigFault } from './declare.js';
import { lineage } from './declare.js';
import { nearest } from './nearest.js';
import type { ConfigTree, Setting } from './tree.js';

export interface Catalog {
  readonly classes: readonly ClassDeclaration[];
  /** Classes of JupyterHub's world that are not built: from name to what to say once. */
  readonly notBuilt: ReadonlyMap<string, string>;
}

export interface NameCheck {
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}

export function declarationOf(catalog: Catalog, name: string): ClassDeclaration | undefined {
  return catalog.classes.find((declaration) => declaration.name === name);
}

/** Unknown classes and unknown traits of known classes, each with the name that was probably meant. */
export function checkNames(tree: ConfigTree, catalog: Catalog, allowUnknownClasses: boolean): NameCheck {
  const faults: ConfigFault[] = [];
  const warnings: string[] = [];
  for (const [className, traits] of tree) {
    const declaration = declarationOf(catalog, className);
    if (declaration) {
      for (const [trait, settings] of traits) {
        if (!Object.hasOwn(declaration.traits, trait))
          faults.push(unknownTrait(catalog, declaration, trait, settings));
      }
      continue;
    }
    const reason = catalog.notBuilt.get(className);
    if (reason !== undefined) warnings.push(`c.${className} has no effect: ${reason}`);
    else if (allowUnknownClasses) warnings.push(`c.${className} has no effect: there is no such class`);
    else faults.push(unknownClass(catalog, className, traits));
  }
  return { faults, warnings };
}

function unknownTrait(
  catalog: Catalog,
  declaration: ClassDeclaration,
  trait: string,
  settings: readonly Setting[],
): ConfigFault {
  const owners = catalog.classes.filter((each) => each !== declaration && Object.hasOwn(each.own, trait));
  const owner = owners.find((each) => lineage(each).includes(declaration)) ?? owners[0];
  const near = nearest(trait, Object.keys(declaration.traits));
  const hint = owner
    ? `; it is a setting of c.${owner.name}.${trait}`
    : near
      ? `; did you mean c.${declaration.name}.${near}?`
      : '';
  return {
    className: declaration.name,
    trait,
    source: sourceOf(settings),
    message: `there is no such setting${hint}`,
  };
}

function unknownClass(
  catalog: Catalog,
  className: string,
  traits: ReadonlyMap<string, readonly Setting[]>,
): ConfigFault {
  const near = nearest(className, [...catalog.classes.map((each) => each.name), ...catalog.notBuilt.keys()]);
  const [first] = traits;
  const hint = near ? `; did you mean c.${near}?` : '; --allow-unknown-classes lets such sections pass';
  return {
    className,
    trait: first?.[0] ?? '',
    source: sourceOf(first?.[1] ?? []),
    message: `there is no class ${className}${hint}`,
  };
}

function sourceOf(settings: readonly Setting[]): string {
  return settings.at(-1)?.source ?? '';
}
