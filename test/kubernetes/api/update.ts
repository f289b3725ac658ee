import { finishDeletion } from './deletion.js';
import { isMap, type JsonMap, mapAt, type Stored, textAt } from './objects.js';
import type { ApiRequest } from './request.js';
import { conflict, invalid } from './status.js';
import type { Store } from './store.js';
import { validate } from './validation.js';

/** What an update may not touch stays; nothing is written when nothing changes. */
export function writeUpdate(
  store: Store,
  request: ApiRequest,
  live: Stored,
  next: JsonMap,
  written: (stored: Stored) => void,
): Stored {
  const { kind, name, subresource } = request;
  const metadata = mapAt(next, 'metadata');
  const version = textAt(metadata, 'resourceVersion');
  if (version !== '' && version !== live.metadata.resourceVersion)
    throw conflict(
      kind,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  const uid = textAt(metadata, 'uid');
  if (uid !== '' && uid !== live.metadata.uid)
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.plural}/${request.namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
  const { uid: _, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
  const fixed = {
    namespace: live.metadata.namespace,
    name,
    uid: live.metadata.uid,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    resourceVersion: live.metadata.resourceVersion,
  };
  const known = Object.fromEntries(Object.entries(fixed).filter(([, value]) => value !== undefined));
  const { status: _status, ...rest } = next;
  const kept = live['status'] === undefined ? {} : { status: live['status'] };
  const own: JsonMap = subresource === 'status' ? { ...live, status: next['status'] } : { ...rest, ...kept };
  const full = {
    ...own,
    metadata: { ...(subresource === 'status' ? live.metadata : metadata), ...known },
  } as unknown as Stored;
  if (kind.kind === 'Pod' && !onlyMutable(mapAt(live, 'spec'), mapAt(full, 'spec')))
    throw invalid(kind, name, [
      {
        reason: 'FieldValueForbidden',
        field: 'spec',
        message:
          'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      },
    ]);
  validate(kind, full);
  const same = JSON.stringify(plain(full)) === JSON.stringify(plain(live));
  if (same || request.query.get('dryRun') === 'All') return full;
  const stored = store.update(kind, live, () => full);
  written(stored);
  finishDeletion(store, kind, stored);
  return stored;
}

function onlyMutable(live: JsonMap, next: JsonMap): boolean {
  const strip = (spec: JsonMap): string =>
    JSON.stringify(
      plain({ ...spec, tolerations: null, activeDeadlineSeconds: null }),
      (key, value: unknown) => (key === 'image' ? null : value),
    );
  return strip(live) === strip(next);
}

/** With keys in order, so that equal objects have equal texts. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, plain(inner)]),
  );
}
