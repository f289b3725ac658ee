import { isMap, type Json, type JsonMap, type Stored } from './objects.js';
import { mergeKeys } from './schema.js';
import { ApiFailure } from './status.js';

/** JSON merge patch (RFC 7396). */
export function mergePatch(target: Json | undefined, patch: Json | undefined): Json | undefined {
  if (!isMap(patch)) return patch;
  const result: Record<string, Json | undefined> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Who set which leaf (`spec.containers[k={"name":"a"}].image`) to what, by object and manager. */
type Owned = Map<string, string>;

/**
 * Server-side apply in its simple form: lists with keys are merged by them, other lists are one value; what a manager
 * applied before and leaves out now is taken away; a leaf that another manager set to another value is a conflict.
 */
export class Appliers {
  readonly #managers = new Map<string, Map<string, Owned>>();

  /** Notes what a create, replace or patch set, under its manager. */
  note(object: Stored, manager: string, fields: JsonMap): void {
    this.#of(object.metadata.uid).set(manager, leaves(object, fields));
  }

  apply(live: Stored, fields: JsonMap, manager: string, force: boolean): Stored {
    const managers = this.#of(live.metadata.uid);
    const wanted = leaves(live, fields);
    const conflicts: (readonly [manager: string, path: string])[] = [];
    for (const [other, owned] of managers) {
      if (other === manager) continue;
      for (const [path, value] of wanted)
        if (owned.has(path) && owned.get(path) !== value) {
          if (force) owned.delete(path);
          else conflicts.push([other, path]);
        }
    }
    if (conflicts.length > 0) throw inConflict(conflicts);
    const gone = new Set([...(managers.get(manager)?.keys() ?? [])].filter((path) => !wanted.has(path)));
    for (const [other, owned] of managers)
      if (other !== manager) for (const path of owned.keys()) gone.delete(path);
    managers.set(manager, wanted);
    const merged = merge(live, fields, [live.apiVersion, live.kind], []);
    return without(merged, '', gone, [live.apiVersion, live.kind], []) as unknown as Stored;
  }

  managersOf(uid: string): string[] {
    return [...this.#of(uid).keys()];
  }

  forget(uid: string): void {
    this.#managers.delete(uid);
  }

  #of(uid: string): Map<string, Owned> {
    const found = this.#managers.get(uid) ?? new Map<string, Owned>();
    this.#managers.set(uid, found);
    return found;
  }
}

function inConflict(conflicts: readonly (readonly [manager: string, path: string])[]): ApiFailure {
  const each = conflicts.map(([manager, path]) => `conflict with "${manager}": .${path}`);
  const words = `Apply failed with ${each.length} conflict${each.length > 1 ? 's' : ''}: ${each.join('\n')}`;
  const causes = conflicts.map(([manager, path]) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field: `.${path}`,
  }));
  return new ApiFailure(409, 'Conflict', words, { causes });
}

type Where = readonly [apiVersion: string, kind: string];
const NOT_OWNED = new Set([
  'apiVersion',
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.managedFields',
  'metadata.resourceVersion',
  'metadata.uid',
  'metadata.creationTimestamp',
]);

function leaves(object: Stored, fields: JsonMap): Owned {
  const owned: Owned = new Map();
  const visit = (value: Json | undefined, path: string, steps: readonly string[]): void => {
    if (NOT_OWNED.has(path) || value === undefined) return;
    const keys = Array.isArray(value) ? mergeKeys(object.apiVersion, object.kind, steps) : undefined;
    if (isMap(value))
      for (const [key, inner] of Object.entries(value))
        visit(inner, path === '' ? key : `${path}.${key}`, [...steps, key]);
    else if (keys && Array.isArray(value))
      for (const item of value) visit(item, `${path}[k=${keyOf(item, keys)}]`, [...steps, '[]']);
    else owned.set(path, JSON.stringify(value));
  };
  visit(fields, '', []);
  return owned;
}

function keyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => (isMap(item) ? (item[key] ?? null) : null)));
}

function merge(live: JsonMap, fields: JsonMap, where: Where, steps: readonly string[]): JsonMap {
  const result: Record<string, Json | undefined> = { ...live };
  for (const [key, value] of Object.entries(fields)) {
    const former = live[key];
    const at = [...steps, key];
    if (isMap(value) && isMap(former)) result[key] = merge(former, value, where, at);
    else if (Array.isArray(value) && Array.isArray(former)) result[key] = mergeList(former, value, where, at);
    else result[key] = value;
  }
  return result;
}

function mergeList(
  former: readonly Json[],
  value: readonly Json[],
  where: Where,
  steps: readonly string[],
): Json {
  const keys = mergeKeys(where[0], where[1], steps);
  if (!keys) return value;
  const result = [...former];
  for (const item of value) {
    const index = result.findIndex((one) => keyOf(one, keys) === keyOf(item, keys));
    const old = result[index];
    if (index < 0) result.push(item);
    else result[index] = isMap(old) && isMap(item) ? merge(old, item, where, [...steps, '[]']) : item;
  }
  return result;
}

function without(
  value: Json | undefined,
  path: string,
  gone: ReadonlySet<string>,
  where: Where,
  steps: readonly string[],
): Json | undefined {
  if (gone.has(path)) return undefined;
  if (isMap(value)) {
    const kept = Object.entries(value).map(
      ([key, inner]) =>
        [key, without(inner, path === '' ? key : `${path}.${key}`, gone, where, [...steps, key])] as const,
    );
    return Object.fromEntries(kept.filter(([, inner]) => inner !== undefined));
  }
  const keys = Array.isArray(value) ? mergeKeys(where[0], where[1], steps) : undefined;
  if (!keys || !Array.isArray(value)) return value;
  const kept: Json[] = [];
  for (const item of value) {
    const rest = without(item, `${path}[k=${keyOf(item, keys)}]`, gone, where, [...steps, '[]']);
    if (rest !== undefined && !(isMap(rest) && Object.keys(rest).length === 0)) kept.push(rest);
  }
  return kept;
}
