import * as t from '../../../core/config/traits.js';

/** Kinds of values that several groups of settings share. */

export type Awaitable<T> = T | Promise<T>;
/** A setting that may be a function of the spawner, as hooks of the configuration see it. */
export type OfSpawner<T> = (spawner: unknown) => Awaitable<T>;

const object = t.dict(t.anything);

/** A list of Kubernetes objects, or a dictionary of them, which is taken in the order of its keys. */
export function objects(options: t.TraitOptions) {
  return t.union([t.list(object), object], [], options);
}

/** Any mapping, as Kubernetes itself writes it. */
export function mapping(options: t.TraitOptions, defaultValue: Readonly<Record<string, unknown>> = {}) {
  return t.dict(t.anything, defaultValue, options);
}

/** A text or none. */
export function maybeText(options: t.TraitOptions) {
  return t.optional(t.unicode('', options));
}

/** A whole number, a function of the spawner that gives one, or none. */
export function maybeId(options: t.TraitOptions) {
  return t.optional(t.union([t.integer(), t.functionOf<OfSpawner<number | null>>()], 0, options));
}
