/**
 * The `c` of a `jupyterhub_config.mjs`: it records what is assigned and, like traitlets' LazyConfigValue, what
 * is done to a value that is not there yet (`c.Spawner.env_keep.append('X')`). Names are checked later,
 * against the declared classes, so that one run tells every fault.
 */
import type { LazyOperation, Setting } from './tree.js';

export type Sections = Map<string, Map<string, Setting[]>>;

/** What the configuration function receives. */
export type ConfigRecorder = Record<string, Record<string, unknown>>;

/** @param where names the place of the assignment under way, e.g. `jupyterhub_config.mjs:12` */
export function recorder(sections: Sections, where: () => string): ConfigRecorder {
  const known = new Map<string, Record<string, unknown>>();
  return new Proxy({} as ConfigRecorder, {
    get: (_target, name) => {
      if (typeof name !== 'string') return undefined;
      const found = known.get(name) ?? section(settingsOf(sections, name), where);
      known.set(name, found);
      return found;
    },
    set: (_target, name, value) => {
      if (typeof name !== 'string' || typeof value !== 'object' || value === null) {
        throw new TypeError(
          `c.${String(name)} takes settings: c.${String(name)}.trait = value, or an object of them`,
        );
      }
      Object.assign(section(settingsOf(sections, name), where), value);
      return true;
    },
  });
}

function settingsOf(sections: Sections, name: string): Map<string, Setting[]> {
  const found = sections.get(name) ?? new Map<string, Setting[]>();
  sections.set(name, found);
  return found;
}

function section(settings: Map<string, Setting[]>, where: () => string): Record<string, unknown> {
  return new Proxy({} as Record<string, unknown>, {
    get: (_target, trait) => {
      if (typeof trait !== 'string') return undefined;
      const last = settings.get(trait)?.at(-1);
      return last?.kind === 'value' ? present(last.value) : lazy(trait, settings, where);
    },
    set: (_target, trait, value) => {
      if (typeof trait !== 'string') return false;
      settings.set(trait, [{ kind: 'value', value, source: where() }]);
      return true;
    },
    has: (_target, trait) => typeof trait === 'string' && settings.has(trait),
    deleteProperty: (_target, trait) => typeof trait === 'string' && settings.delete(trait),
  });
}

/** Operations on a trait whose value is not known here; they are applied to it when the class is resolved. */
function lazy(trait: string, settings: Map<string, Setting[]>, where: () => string): object {
  const record = (operation: LazyOperation): void => {
    const last = settings.get(trait)?.at(-1);
    const before = last?.kind === 'lazy' ? last.operations : [];
    settings.set(trait, [{ kind: 'lazy', operations: [...before, operation], source: where() }]);
  };
  const methods = {
    append: (value: unknown) => record({ op: 'append', value }),
    add: (value: unknown) => record({ op: 'add', value }),
    insert: (index: number, value: unknown) => record({ op: 'insert', index, value }),
    extend: (value: unknown) => record({ op: 'extend', value }),
    prepend: (value: unknown) => record({ op: 'prepend', value }),
    update: (value: unknown) => record({ op: 'update', value }),
  };
  return new Proxy(methods, {
    get: (target, name) => {
      if (typeof name === 'symbol') return undefined;
      if (Object.hasOwn(target, name)) return target[name as keyof typeof methods];
      throw new TypeError(
        `${trait} has no value here yet; it takes ${Object.keys(target).join(', ')}, or an assignment`,
      );
    },
    set: (_target, name, value) => {
      if (typeof name !== 'string') return false;
      record({ op: 'update', value: { [name]: value } });
      return true;
    },
  });
}

/** A value assigned before, with Python's names for changing it in place. */
function present(value: unknown): unknown {
  if (Array.isArray(value)) return withMethods(value, listMethods(value));
  if (value instanceof Set) return value;
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return withMethods(value, { update: (more: object) => void Object.assign(value, more) });
  }
  return value;
}

function listMethods(value: unknown[]): Record<string, unknown> {
  return {
    append: (item: unknown) => void value.push(item),
    extend: (items: Iterable<unknown>) => void value.push(...items),
    prepend: (items: Iterable<unknown>) => void value.unshift(...items),
    insert: (index: number, item: unknown) => void value.splice(index, 0, item),
  };
}

function withMethods<T extends object>(value: T, methods: Record<string, unknown>): T {
  return new Proxy(value, {
    get: (target, name) => {
      const own: unknown = Reflect.get(target, name);
      if (own !== undefined || typeof name === 'symbol') return own;
      return Object.hasOwn(methods, name) ? methods[name] : undefined;
    },
  });
}
