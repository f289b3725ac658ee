/** From the text of `spawner_class` and its like to a declared class. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClassDeclaration } from '../core/config/declare.js';
import { lineage } from '../core/config/declare.js';
import { nearest } from '../core/config/nearest.js';
import { messageOf } from '../core/fault.js';
import type { Slot } from './builtins.js';
import { findNotBuilt } from './not-built.js';

/**
 * A plug-in of a user's own package: `package#Export` names an object that is a plug-in of its slot (`SpawnerKind`,
 * `AuthenticatorKind`) and holds its declaration beside.
 */
interface ForeignPlugin {
  readonly declaration: ClassDeclaration;
}

export interface Chosen<K = unknown> {
  readonly declaration: ClassDeclaration;
  /** The plug-in: ours is loaded only now. A foreign one is what `package#Export` named. */
  readonly load: () => Promise<K>;
}

/**
 * @param reference a short name, JupyterHub's dotted path, our class's name, or `package#Export`
 * @param cwd packages are looked for from there
 * @returns a fault in words when it names nothing that is built
 */
export async function choose<K>(slot: Slot<K>, reference: string, cwd: string): Promise<Chosen<K> | string> {
  if (reference.includes('#')) return chooseForeign(slot, reference, cwd);
  const wanted = reference.toLowerCase();
  const found = slot.builtins.find(({ declaration }) =>
    [declaration.name, ...declaration.aliases].some((name) => name.toLowerCase() === wanted),
  );
  if (found?.notBuilt) return `${reference} is not built yet; write ${slot.instead}`;
  if (found) {
    const load = found.load ?? (() => Promise.reject(new Error(`${found.declaration.name} has no module`)));
    return { declaration: found.declaration, load };
  }
  const missing = findNotBuilt(slot.notBuilt, wanted);
  if (missing) return `${reference} is not built yet; write ${missing.instead ?? slot.instead}`;
  const near = meant(slot, reference);
  return `there is no ${reference}; ${near ? `did you mean ${near}?` : `write ${slot.instead}, or package#Export for one of your own`}`;
}

/** A class that was looked for in another module, such as `dummyauthenticator.DummyAuthenticator`, or a name that is near. */
function meant(slot: Slot, reference: string): string | undefined {
  const last = reference.split('.').at(-1)?.toLowerCase();
  const declarations = slot.builtins.map(({ declaration }) => declaration);
  const same = declarations.find(({ name }) => name.toLowerCase() === last);
  const names = declarations.flatMap(({ name, aliases }) => [name, ...aliases]);
  return same?.aliases.find((alias) => alias !== 'default') ?? nearest(reference, names);
}

async function chooseForeign<K>(slot: Slot<K>, reference: string, cwd: string): Promise<Chosen<K> | string> {
  if (slot.trait === 'proxy_class')
    return `${reference}: proxies of your own are not built yet; write ${slot.instead}`;
  const [name = '', exported = ''] = reference.split('#');
  try {
    const path = createRequire(join(cwd, 'package.json')).resolve(name);
    const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    const plugin = module[exported];
    if (!isForeign(plugin))
      return `${reference}: the package exports no ${exported} with a declaration and create() or open()`;
    // by name: the package may bring its own copy of ours
    if (!lineage(plugin.declaration).some((each) => each.name === slot.base.name)) {
      return `${reference}: its declaration must have ${slot.base.name} above it`;
    }
    return { declaration: plugin.declaration, load: async () => plugin as K };
  } catch (error) {
    return `${reference} cannot be loaded: ${messageOf(error)}`;
  }
}

function isForeign(value: unknown): value is ForeignPlugin {
  if (typeof value !== 'object' || value === null || !('declaration' in value)) return false;
  return ['create', 'open'].some((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
