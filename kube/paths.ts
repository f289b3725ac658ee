import type { Ref, Selection } from './api.js';
import { apiVersionOf, type Resource } from './resources.js';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Path and query of one object. @throws TypeError when the name cannot be part of a path */
export function objectPath(resource: Resource, ref: Ref, query: Query = {}, below = ''): string {
  if (ref.name === '') throw new TypeError(`a name is needed to address one of ${resource.plural}`);
  if (resource.namespaced && !ref.namespace)
    throw new TypeError(`a namespace is needed to address one of ${resource.plural}`);
  return `${collection(resource, ref.namespace)}/${segment(ref.name)}${below}${suffix(query)}`;
}

/** Path and query of all objects of a namespace, or of the cluster. */
export function collectionPath(resource: Resource, selection: Selection, query: Query = {}): string {
  const { labelSelector, fieldSelector } = selection;
  return `${collection(resource, selection.namespace)}${suffix({ labelSelector, fieldSelector, ...query })}`;
}

function collection(resource: Resource, namespace: string | undefined): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const within = resource.namespaced && namespace ? `/namespaces/${segment(namespace)}` : '';
  return `${root}/${apiVersionOf(resource)}${within}/${resource.plural}`;
}

/** Encoding does not take away what dots alone mean, so they are refused. */
function segment(name: string): string {
  if (/^\.{1,2}$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of an object`);
  return encodeURIComponent(name);
}

function suffix(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
