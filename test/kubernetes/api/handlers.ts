import { randomBytes } from 'node:crypto';
import { Appliers, mergePatch } from './apply.js';
import { withDefaults } from './defaults.js';
import { checkNamespace, type DeleteRequest, deleteObject } from './deletion.js';
import { apiVersionOf, type Kind, kindOf } from './kinds.js';
import { Lister, matchOf } from './listing.js';
import { isMap, type JsonMap, mapAt, type Stored, textAt } from './objects.js';
import { checkQuota } from './quota.js';
import type { ApiRequest } from './request.js';
import { decodeStrictly } from './schema.js';
import { ApiFailure, badRequest, conflict, forbidden, invalid, notFound } from './status.js';
import type { Store } from './store.js';
import { validate } from './validation.js';

export interface Handled {
  readonly status: number;
  readonly body: object;
}

/** Who writes, and in what form: `user-agent` up to the slash, and the content type. */
export interface Writer {
  readonly manager: string;
  readonly contentType: string;
}

/** The verbs on objects, without HTTP. */
export class Handlers {
  readonly #store: Store;
  readonly #lister: Lister;
  readonly #appliers = new Appliers();

  constructor(store: Store) {
    this.#store = store;
    this.#lister = new Lister(store);
  }

  handle(request: ApiRequest, body: unknown, writer: Writer): Handled {
    const { method, kind, namespace, name } = request;
    switch (method) {
      case 'GET':
        return {
          status: 200,
          body: name === '' ? this.#lister.list(request) : this.#store.get(kind, namespace, name),
        };
      case 'POST':
        return this.#create(request, objectOf(body, kind), writer);
      case 'PUT':
        return { status: 200, body: this.#replace(request, objectOf(body, kind), writer) };
      case 'PATCH':
        return this.#patch(request, body, writer);
      case 'DELETE':
        return this.#delete(request, body);
      default:
        throw new ApiFailure(
          405,
          'MethodNotAllowed',
          'the server does not allow this method on the requested resource',
        );
    }
  }

  #create(request: ApiRequest, given: JsonMap, writer: Writer): Handled {
    const { kind, namespace, query } = request;
    if (request.name !== '')
      throw new ApiFailure(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
    decodeStrictly(kind, given, query.get('fieldValidation') === 'Strict');
    const metadata = mapAt(given, 'metadata');
    checkPlace(metadata, namespace);
    if (textAt(metadata, 'resourceVersion') !== '')
      throw badRequest('resourceVersion should not be set on objects to be created');
    const prefix = textAt(metadata, 'generateName');
    const name =
      textAt(metadata, 'name') || (prefix && `${prefix}${randomBytes(3).toString('hex').slice(0, 5)}`);
    const named = { ...given, metadata: { ...metadata, name, ...(kind.namespaced ? { namespace } : {}) } };
    if (kind.namespaced) checkNamespace(this.#store, kind, namespace, name);
    const full = withDefaults(kind, named) as typeof named;
    this.#admit(kind, namespace, full);
    // a real server finds a name that is taken only when it writes, after everything else was checked
    if (query.get('dryRun') === 'All')
      return { status: 201, body: { ...full, apiVersion: apiVersionOf(kind), kind: kind.kind } };
    const stored = this.#store.insert(kind, full);
    this.#appliers.note(stored, writer.manager, given);
    return { status: 201, body: stored };
  }

  #admit(kind: Kind, namespace: string, object: JsonMap): void {
    const name = textAt(mapAt(object, 'metadata'), 'name');
    if (kind.kind === 'Pod') {
      const account = textAt(mapAt(object, 'spec'), 'serviceAccountName');
      if (!this.#store.find(kindOf('serviceaccounts'), namespace, account))
        throw forbidden(
          kind,
          name,
          `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`,
        );
    }
    validate(kind, object);
    if (!this.#store.find(kind, namespace, name)) checkQuota(this.#store, kind, namespace, object);
  }

  #replace(request: ApiRequest, given: JsonMap, writer: Writer): Stored {
    const { kind, namespace, name, query, subresource } = request;
    decodeStrictly(kind, given, query.get('fieldValidation') === 'Strict');
    const metadata = mapAt(given, 'metadata');
    checkPlace(metadata, namespace);
    if (textAt(metadata, 'name') !== name)
      throw badRequest(
        `the name of the object (${textAt(metadata, 'name')}) does not match the name on the URL (${name})`,
      );
    return this.#write(request, this.#store.get(kind, namespace, name), given, (stored) => {
      this.#appliers.note(
        stored,
        writer.manager,
        subresource === 'status' ? { status: given['status'] } : given,
      );
    });
  }

  #patch(request: ApiRequest, body: unknown, writer: Writer): Handled {
    const { kind, namespace, name, query } = request;
    if (!isMap(body)) throw badRequest('error decoding patch: not an object');
    if (writer.contentType === 'application/apply-patch+yaml') return this.#apply(request, body);
    if (writer.contentType !== 'application/merge-patch+json')
      throw new ApiFailure(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: application/merge-patch+json, application/apply-patch+yaml (the test API server knows no others)`,
      );
    const live = this.#store.get(kind, namespace, name);
    const merged = mergePatch(live, body);
    if (!isMap(merged)) throw badRequest('the patch leaves no object');
    decodeStrictly(kind, merged, query.get('fieldValidation') === 'Strict');
    return {
      status: 200,
      body: this.#write(request, live, merged, (stored) => this.#appliers.note(stored, writer.manager, body)),
    };
  }

  #apply(request: ApiRequest, body: JsonMap): Handled {
    const { kind, namespace, name, query } = request;
    const manager = query.get('fieldManager') ?? '';
    if (manager === '')
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    decodeStrictly(kind, body, true);
    const live = this.#store.find(kind, namespace, name);
    if (!live) {
      const metadata = { ...mapAt(body, 'metadata'), name };
      return this.#create({ ...request, name: '' }, { ...body, metadata }, { manager, contentType: '' });
    }
    const next = this.#appliers.apply(live, body, manager, query.get('force') === 'true');
    return { status: 200, body: this.#write(request, live, next, () => undefined) };
  }

  /** What an update may not touch stays; nothing is written when nothing changes. */
  #write(request: ApiRequest, live: Stored, next: JsonMap, written: (stored: Stored) => void): Stored {
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
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
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
    const own: JsonMap =
      subresource === 'status' ? { ...live, status: next['status'] } : { ...rest, ...kept };
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
    const stored = this.#store.update(kind, live, () => full);
    written(stored);
    return stored;
  }

  #delete(request: ApiRequest, body: unknown): Handled {
    const { kind, namespace, name, query } = request;
    const options: DeleteRequest = isMap(body) ? (body as DeleteRequest) : {};
    const fromQuery = query.get('gracePeriodSeconds');
    const grace = options.gracePeriodSeconds ?? (fromQuery === null ? undefined : Number(fromQuery));
    const asked = { ...options, ...(grace === undefined ? {} : { gracePeriodSeconds: grace }) };
    if (name === '') {
      const items = this.#store.list(kind, namespace).filter(matchOf(request));
      for (const item of items) deleteObject(this.#store, kind, item, asked);
      return {
        status: 200,
        body: { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: {}, items },
      };
    }
    const live = this.#store.find(kind, namespace, name);
    if (!live) throw notFound(kind, name);
    const { object, gone } = deleteObject(this.#store, kind, live, asked);
    if (gone) this.#appliers.forget(object.metadata.uid);
    if (!gone || kind.returnsDeleted)
      return { status: gone || kind.kind !== 'Pod' ? 200 : 200, body: object };
    const details = {
      name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.plural,
      uid: object.metadata.uid,
    };
    return {
      status: 200,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
    };
  }
}

function objectOf(body: unknown, kind: Kind): JsonMap {
  if (!isMap(body)) throw badRequest('the body of the request is not an object');
  const { kind: said = kind.kind, apiVersion = apiVersionOf(kind) } = body;
  if (said !== kind.kind || apiVersion !== apiVersionOf(kind))
    throw badRequest(
      `${said} in version "${apiVersion}" cannot be handled as a ${kind.kind}: no kind "${said}" is registered for version "${apiVersion}"`,
    );
  return { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function checkPlace(metadata: JsonMap, namespace: string): void {
  const said = textAt(metadata, 'namespace');
  if (said !== '' && said !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
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
