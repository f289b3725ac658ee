import { type Kind, kindOf } from './kinds.js';
import { listAt, mapAt, type Stored, textAt, timestamp } from './objects.js';
import { ApiFailure, conflict } from './status.js';
import type { Store } from './store.js';

export interface DeleteRequest {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** @returns the object as the delete left it, and whether it is gone already */
export function deleteObject(
  store: Store,
  kind: Kind,
  object: Stored,
  request: DeleteRequest,
): { readonly object: Stored; readonly gone: boolean } {
  const { uid, name, resourceVersion } = object.metadata;
  const wanted = request.preconditions;
  if (wanted?.uid !== undefined && wanted.uid !== uid) throw uidConflict(kind, object, wanted.uid);
  if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    throw conflict(
      kind,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  if (request.propagationPolicy === 'Orphan') orphan(store, uid);
  const grace = graceOf(kind, object, request);
  const held = (object.metadata.finalizers ?? []).length > 0 || kind.kind === 'Namespace';
  const marked = kind.kind === 'Pod' || held ? mark(store, kind, object, grace) : object;
  if (grace > 0 || held) return { object: marked, gone: false };
  store.remove(kind, marked);
  // the answer shows it as it was marked, or, where nothing marks it, as it was
  return { object: marked, gone: true };
}

/** The last finalizer went from something that is to be deleted: so does it. */
export function finishDeletion(store: Store, kind: Kind, object: Stored): void {
  const { namespace = '', name, uid } = object.metadata;
  const now = store.find(kind, namespace, name);
  if (!now || now.metadata.uid !== uid || now.metadata.deletionTimestamp === undefined) return;
  if (kind.kind === 'Namespace' || (now.metadata.finalizers ?? []).length > 0) return;
  if ((now.metadata.deletionGracePeriodSeconds ?? 0) === 0) store.remove(kind, now);
}

/** Sets or shortens the time that is left; nothing lengthens it. */
function mark(store: Store, kind: Kind, object: Stored, grace: number): Stored {
  return store.update(kind, object, (one) => {
    const former = one.metadata.deletionTimestamp;
    const sooner = (one.metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY) > grace;
    if (former !== undefined && !sooner) return one;
    const generation = one.metadata.generation;
    return {
      ...one,
      metadata: {
        ...one.metadata,
        ...(generation === undefined || former !== undefined ? {} : { generation: generation + 1 }),
        deletionTimestamp: timestamp(Date.now() + grace * 1_000),
        ...(kind.kind === 'Namespace' ? {} : { deletionGracePeriodSeconds: grace }),
      },
      ...(kind.kind === 'Namespace' ? { status: { phase: 'Terminating' } } : {}),
    };
  });
}

function uidConflict(kind: Kind, object: Stored, wanted: string): ApiFailure {
  const { name, uid } = object.metadata;
  const words = `the UID in the precondition (${wanted}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
  return new ApiFailure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${kind.kind} "${name}": ${words}`,
    {
      name,
      kind: kind.kind,
    },
  );
}

/** Only pods wait, and only those that a node has (registry/core/pod `CheckGracefulDelete`). */
function graceOf(kind: Kind, object: Stored, request: DeleteRequest): number {
  if (kind.kind !== 'Pod') return 0;
  const spec = mapAt(object, 'spec');
  const phase = textAt(mapAt(object, 'status'), 'phase');
  if (textAt(spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const own = spec['terminationGracePeriodSeconds'];
  const asked = request.gracePeriodSeconds ?? (typeof own === 'number' ? own : 30);
  return asked < 0 ? 1 : asked;
}

function orphan(store: Store, uid: string): void {
  for (const { kind, object } of store.ownedBy(uid))
    store.update(kind, object, (one) => ({
      ...one,
      metadata: {
        ...one.metadata,
        ownerReferences: listAt(one.metadata, 'ownerReferences').filter((owner) => owner['uid'] !== uid),
      },
    }));
}

export function owners(object: Stored): string[] {
  return listAt(object.metadata, 'ownerReferences').map((owner) => textAt(owner, 'uid'));
}

/** New content in a namespace that is not there, or is going. @throws ApiFailure 404, 403 */
export function checkNamespace(store: Store, kind: Kind, namespace: string, name: string): void {
  const found = store.get(kindOf('namespaces'), '', namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const words = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw new ApiFailure(403, 'Forbidden', `${kind.plural} "${name}" is forbidden: ${words}`, {
    name,
    kind: kind.plural,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
