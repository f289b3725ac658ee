import type { ConfigMap, KubeEvent, KubeObject, PersistentVolumeClaim, Pod, Secret } from './objects.js';

/** One resource of the API: where it lives, and as what its objects are read. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `''` for core. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries the type of the objects. */
  readonly object?: T;
}

function core<T extends KubeObject>(plural: string, kind: string, namespaced = true): Resource<T> {
  return { group: '', version: 'v1', plural, kind, namespaced };
}

export const PODS = core<Pod>('pods', 'Pod');
export const EVENTS = core<KubeEvent>('events', 'Event');
export const PERSISTENT_VOLUME_CLAIMS = core<PersistentVolumeClaim>(
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export const SECRETS = core<Secret>('secrets', 'Secret');
export const CONFIG_MAPS = core<ConfigMap>('configmaps', 'ConfigMap');
export const SERVICES = core('services', 'Service');
export const NAMESPACES = core('namespaces', 'Namespace', false);

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
