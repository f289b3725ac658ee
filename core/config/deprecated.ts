/** Older names: a setting under one moves to the name that replaced it, with a warning. */
import type { Catalog } from './catalog.js';
import { declarationOf } from './catalog.js';
import type { ClassDeclaration } from './declare.js';
import { lineage } from './declare.js';
import type { Deprecation } from './traits.js';
import type { ConfigTree, Setting } from './tree.js';

export interface Moved {
  readonly tree: ConfigTree;
  readonly warnings: readonly string[];
}

/** Where both names are set, the newer one counts. */
export function moveDeprecated(tree: ConfigTree, catalog: Catalog): Moved {
  const warnings: string[] = [];
  const moved = new Map([...tree].map(([name, traits]) => [name, new Map(traits)]));
  for (const [className, traits] of tree) {
    const declaration = declarationOf(catalog, className);
    for (const [trait, settings] of traits) {
      const deprecation = declaration?.traits[trait]?.deprecated;
      if (!declaration || !deprecation) continue;
      const since = deprecation.since === undefined ? '' : ` since ${program(deprecation.since)}`;
      warnings.push(`c.${className}.${trait} is deprecated${since}; use ${deprecation.use}`);
      if (deprecation.target) move(moved, declaration, deprecation.target, settings);
    }
  }
  return { tree: moved, warnings };
}

/** A bare version is JupyterHub's. */
function program(since: string): string {
  return since.includes(' ') ? since : `JupyterHub ${since}`;
}

function move(
  tree: Map<string, Map<string, readonly Setting[]>>,
  from: ClassDeclaration,
  target: NonNullable<Deprecation['target']>,
  settings: readonly Setting[],
): void {
  // c.DummyAuthenticator.whitelist speaks of that class only
  const inherited = lineage(from).some((each) => each.name === target.className);
  const section = inherited ? from.name : target.className;
  const traits = tree.get(section) ?? new Map<string, readonly Setting[]>();
  tree.set(section, traits);
  if (!traits.has(target.trait)) traits.set(target.trait, settings);
}
