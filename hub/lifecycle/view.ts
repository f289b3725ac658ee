import type { ClassDeclaration } from '../../core/config/declare.js';
import { TraitError } from '../../core/config/traits.js';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { SpawnerView } from '../../core/plugin/spawner.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';

export type { SpawnerView } from '../../core/plugin/spawner.js';

export interface ViewOf {
  readonly user: { readonly name: string; readonly admin: boolean };
  readonly groups: readonly string[];
  readonly name: string;
  readonly displayName: string | null;
  readonly userUrl: string;
  readonly options: JsonObject;
  readonly clientId: string;
  readonly log: Log;
}

/** A plain object made for one start: nothing that a hook does to it outlives the start. */
export function makeView(config: SpawnerConfig, server: ViewOf): SpawnerView {
  const { user, groups, name } = server;
  return {
    ...(copy(config) as Record<string, unknown>),
    user: {
      name: user.name,
      admin: user.admin,
      groups: groups.map((group) => ({ name: group })),
      url: server.userUrl,
    },
    name,
    display_name: server.displayName || name,
    user_options: copy(server.options) as JsonObject,
    oauth_client_id: server.clientId,
    log: server.log,
  };
}

/** Containers are copied, so that hooks cannot change the configuration of others; functions and the like are shared. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Set) return new Set(value);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}

/**
 * The values that hooks and options left behind, checked as those of a configuration file are.
 * @throws Fault `SPAWN_OPTIONS` naming the trait
 */
export function readView(view: SpawnerView, declaration: ClassDeclaration): SpawnerConfig {
  const values: Record<string, unknown> = {};
  for (const [name, trait] of Object.entries(declaration.traits)) {
    try {
      values[name] = trait.parse(view[name]);
    } catch (error) {
      if (!(error instanceof TraitError)) throw error;
      const what = trait.secret ? error.blanked : error.message;
      throw new Fault('SPAWN_OPTIONS', `The settings of the server are not valid: ${name}.`, {
        detail: `${declaration.name}.${name}: ${what}`,
        cause: error,
      });
    }
  }
  return values as SpawnerConfig;
}

/**
 * Sets a trait from outside (options of a user): as it is, else by the trait's text form.
 * @returns false when there is no such trait
 * @throws TraitError when no form fits
 */
export function setTrait(
  view: SpawnerView,
  declaration: ClassDeclaration,
  name: string,
  value: unknown,
): boolean {
  const trait = Object.hasOwn(declaration.traits, name) ? declaration.traits[name] : undefined;
  if (!trait) return false;
  try {
    view[name] = trait.parse(value);
  } catch (error) {
    if (!(error instanceof TraitError) || typeof value !== 'string') throw error;
    view[name] = trait.parseString(value);
  }
  return true;
}
