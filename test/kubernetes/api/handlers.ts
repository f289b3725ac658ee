import { randomBytes, randomUUID } from 'node:crypto';
import { Appliers, mergePatch } from './apply.js';
import { withDefaults } from './defaults.js';
import { checkNamespace, type DeleteRequest, deleteObject } from './deletion.js';
import { apiVersionOf, type Kind, kindOf } from './kinds.js';
import { Lister, matchOf } from './listing.js';
import { isMap, type JsonMap, mapAt, type Stored, textAt, timestamp } from './objects.js';
import { checkQuota } from './quota.js';
import type { ApiRequest } from './request.js';
import { decodeStrictly } from './schema.js';
import { ApiFailure, badRequest, forbidden, notFound } from './status.js';
import type { Store } from './store.js';
import { writeUpdate } from './update.js';
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
      throw new ApiFailure(500, '', 'resourceVersion should not be set on objects to be created');
    const prefix = textAt(metadata, 'generateName');
    const name =
      textAt(metadata, 'name') || (prefix && `${prefix}${randomBytes(3).toString('hex').slice(0, 5)}`);
    const named = { ...given, metadata: { ...metadata, name, ...(kind.namespaced ? { namespace } : {}) } };
    if (kind.namespaced) checkNamespace(this.#store, kind, namespace, name);
    const full = withDefaults(kind, named) as typeof named;
    this.#admit(kind, namespace, full);
    // a real server finds a name that is taken only when it writes, after everything else was checked
    if (query.get('dryRun') === 'All') {
      const made = { ...mapAt(full, 'metadata'), uid: randomUUID(), creationTimestamp: timestamp() };
      return {
        status: 201,
        body: { ...full, metadata: made, apiVersion: apiVersionOf(kind), kind: kind.kind },
      };
    }
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
    return writeUpdate(this.#store, request, this.#store.get(kind, namespace, name), given, (stored) => {
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
      body: writeUpdate(this.#store, request, live, merged, (stored) =>
        this.#appliers.note(stored, writer.manager, body),
      ),
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
    return { status: 200, body: writeUpdate(this.#store, request, live, next, () => undefined) };
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
      `${said} in version "${apiVersion}" cannot be handled as a ${kind.kind}: converting (${apiVersion}.${said}) to (core.${kind.kind}): unknown conversion`,
    );
  return { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function checkPlace(metadata: JsonMap, namespace: string): void {
  const said = textAt(metadata, 'namespace');
  if (said !== '' && said !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
