import { deleteObject, finishDeletion, owners } from './deletion.js';
import { kindOf } from './kinds.js';
import { listAt, mapAt, type Stored, textAt } from './objects.js';
import type { Store, StoreEvent } from './store.js';

/**
 * What kube-controller-manager does that a hub relies on: dependents go with their owner, a namespace with its
 * content, a claim once no pod uses it, and every namespace has a service account and the cluster's CA.
 */
export function runControllers(store: Store): Disposable {
  const pending = new Set<NodeJS.Immediate>();
  const later = (work: () => void): void => {
    const handle = setImmediate(() => {
      pending.delete(handle);
      work();
    });
    pending.add(handle);
  };
  const subscription = store.listen((event) => later(() => react(store, event)));
  return {
    [Symbol.dispose]: () => {
      subscription[Symbol.dispose]();
      for (const handle of pending) clearImmediate(handle);
    },
  };
}

function react(store: Store, event: StoreEvent): void {
  if (event.type === 'DELETED') collect(store, event.object.metadata.uid);
  if (event.kind.kind === 'Namespace' && event.type === 'ADDED') furnish(store, event.object.metadata.name);
  const namespace =
    event.kind.kind === 'Namespace' ? event.object.metadata.name : event.object.metadata.namespace;
  if (namespace !== undefined) {
    emptyNamespace(store, namespace);
    if (['Pod', 'PersistentVolumeClaim'].includes(event.kind.kind)) freeClaims(store, namespace);
  }
  if (event.type !== 'DELETED') finishDeletion(store, event.kind, event.object);
}

function collect(store: Store, uid: string): void {
  for (const { kind, object } of store.ownedBy(uid)) {
    if (owners(object).some((owner) => store.byUid(owner) !== undefined)) continue;
    deleteObject(store, kind, object, { gracePeriodSeconds: 0 });
  }
}

function emptyNamespace(store: Store, name: string): void {
  const namespaces = kindOf('namespaces');
  const namespace = store.find(namespaces, '', name);
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const content = store
    .kinds()
    .filter((kind) => kind.namespaced)
    .flatMap((kind) => store.list(kind, name).map((object) => ({ kind, object })));
  if (content.length === 0) {
    store.remove(namespaces, namespace);
    return;
  }
  for (const { kind, object } of content)
    if (object.metadata.deletionTimestamp === undefined && store.find(kind, name, object.metadata.name))
      deleteObject(store, kind, object, {});
}

function furnish(store: Store, namespace: string): void {
  const accounts = kindOf('serviceaccounts');
  if (!store.find(accounts, namespace, 'default'))
    store.insert(accounts, { metadata: { name: 'default', namespace } });
}

const PROTECTION = 'kubernetes.io/pvc-protection';

function freeClaims(store: Store, namespace: string): void {
  const claims = kindOf('persistentvolumeclaims');
  const going = store
    .list(claims, namespace)
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  if (going.length === 0) return;
  const used = new Set(store.list(kindOf('pods'), namespace).flatMap(claimsOf));
  for (const claim of going) {
    const { finalizers = [], name } = claim.metadata;
    if (used.has(name) || !finalizers.includes(PROTECTION)) continue;
    store.update(claims, claim, (one) => ({
      ...one,
      metadata: { ...one.metadata, finalizers: finalizers.filter((finalizer) => finalizer !== PROTECTION) },
    }));
  }
}

/** Names of the claims that a pod mounts. */
export function claimsOf(pod: Stored): string[] {
  return listAt(mapAt(pod, 'spec'), 'volumes')
    .map((volume) => textAt(mapAt(volume, 'persistentVolumeClaim'), 'claimName'))
    .filter((name) => name !== '');
}
