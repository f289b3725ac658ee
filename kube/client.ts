import type { Clock } from '../core/clock.js';
import { abortable } from './abortable.js';
import type {
  ApplyOptions,
  CreateOptions,
  DeleteOptions,
  Kube,
  Listing,
  ListOptions,
  LogOptions,
  Ref,
  RequestOptions,
  Selection,
  WatchEvent,
  WatchOptions,
} from './api.js';
import type { ConnectOptions } from './connect.js';
import { Credentials } from './credentials.js';
import { KubeError } from './error.js';
import type { KubeObject, Manifest } from './objects.js';
import { collectionPath, objectPath } from './paths.js';
import { JSON_TYPE, Requester } from './requester.js';
import { PODS, type Resource } from './resources.js';
import type { Exchange } from './transport.js';
import { readWatch } from './watch-stream.js';

const PAGE = 500;
const PAGE_BYTES = 256 * 1024 * 1024;
const LOG_BYTES = 64 * 1024;
const MOST_LOG_BYTES = 1024 * 1024;

/** @throws KubeError `Credentials` */
export async function connect(options: ConnectOptions, clock: Clock): Promise<Kube> {
  return new KubeClient(new Requester(await Credentials.load(options, clock), options, clock));
}

class KubeClient implements Kube {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  get namespace(): string {
    return this.#requester.credentials.namespace;
  }

  get server(): string {
    return this.#requester.credentials.server;
  }

  read<T extends KubeObject>(resource: Resource<T>, ref: Ref, options: RequestOptions = {}): Promise<T> {
    return this.#requester.object<T>({
      ...options,
      method: 'GET',
      path: objectPath(resource, ref),
      what: words('read', resource, ref),
    });
  }

  async find<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    options: RequestOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.read(resource, ref, options);
    } catch (error) {
      if (error instanceof KubeError && error.notFound) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options: ListOptions = {},
  ): Promise<Listing<T>> {
    try {
      return await this.#pages(resource, selection, options);
    } catch (error) {
      // the continue token outlived the server's history: from the first page again, once
      if (!(error instanceof KubeError && error.expired)) throw error;
      return await this.#pages(resource, selection, options);
    }
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    manifest: Manifest,
    options: CreateOptions<T> = {},
  ): Promise<T> {
    const { isOurs, ...rest } = options;
    const ref = refOf(manifest);
    const path = collectionPath(resource, { ...ref }, { fieldValidation: 'Strict' });
    const what = words('create', resource, ref);
    const again = (error: KubeError): boolean => error.processed === 'no' || isOurs !== undefined;
    try {
      return await this.#requester.object<T>({ ...rest, method: 'POST', path, what, body: manifest, again });
    } catch (error) {
      if (!(error instanceof KubeError && error.alreadyExists && isOurs)) throw error;
      const existing = await this.find(resource, ref, rest);
      if (existing && existing.metadata.deletionTimestamp === undefined && isOurs(existing)) return existing;
      throw error;
    }
  }

  replace<T extends KubeObject>(
    resource: Resource<T>,
    manifest: Manifest,
    options: RequestOptions = {},
  ): Promise<T> {
    const ref = refOf(manifest);
    const path = objectPath(resource, ref, { fieldValidation: 'Strict' });
    return this.#requester.object<T>({
      ...options,
      method: 'PUT',
      path,
      what: words('replace', resource, ref),
      body: manifest,
    });
  }

  merge<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    patch: Readonly<Record<string, unknown>>,
    options: RequestOptions = {},
  ): Promise<T> {
    return this.#requester.object<T>({
      ...options,
      method: 'PATCH',
      path: objectPath(resource, ref, { fieldValidation: 'Strict' }),
      what: words('patch', resource, ref),
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  apply<T extends KubeObject>(resource: Resource<T>, manifest: Manifest, options: ApplyOptions): Promise<T> {
    const { fieldManager, force, ...rest } = options;
    const ref = refOf(manifest);
    return this.#requester.object<T>({
      ...rest,
      method: 'PATCH',
      path: objectPath(resource, ref, { fieldManager, force: force ?? false, fieldValidation: 'Strict' }),
      what: words('apply', resource, ref),
      body: manifest,
      contentType: 'application/apply-patch+yaml',
    });
  }

  async delete(resource: Resource, ref: Ref, options: DeleteOptions = {}): Promise<boolean> {
    const { gracePeriodSeconds, propagation, uid, ...rest } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    const path = objectPath(resource, ref);
    try {
      await this.#requester.call({
        ...rest,
        method: 'DELETE',
        path,
        what: words('delete', resource, ref),
        body,
      });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.notFound) return false;
      throw error;
    }
  }

  async podLog(ref: Ref, options: LogOptions = {}): Promise<string> {
    const { container, tailLines = 50, limitBytes = LOG_BYTES, previous, ...rest } = options;
    // the server keeps the first bytes of the tail; the last ones tell why it ended
    const query = { container, tailLines, limitBytes: MOST_LOG_BYTES, previous: previous || undefined };
    const path = objectPath(PODS, ref, query, '/log');
    const what = words('read log of', PODS, ref);
    const reply = await this.#requester.call({
      ...rest,
      method: 'GET',
      path,
      what,
      accept: '*/*',
      maxBytes: 2 * MOST_LOG_BYTES,
    });
    const bytes = Buffer.from(reply.text);
    const most = Math.min(limitBytes, MOST_LOG_BYTES);
    if (bytes.length <= most) return reply.text;
    // a character that the cut went through shows as U+FFFD
    return bytes
      .subarray(bytes.length - most)
      .toString('utf8')
      .replace(/^\uFFFD+/, '');
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds } = options;
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const applied = await abortable(this.#requester.credentials.current(), options.signal);
    const exchange: Exchange = {
      method: 'GET',
      url: `${this.server}${collectionPath(resource, selection, query)}`,
      headers: this.#requester.headers(JSON_TYPE),
      timeoutMs: this.#requester.timeoutMs,
      signal: options.signal,
      what: `watch ${resource.plural}`,
    };
    try {
      yield* readWatch<T>(exchange, applied, options);
    } catch (error) {
      if (error instanceof KubeError && error.status === 401) this.#requester.credentials.invalidate(applied);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requester[Symbol.dispose]();
  }

  async #pages<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options: ListOptions,
  ): Promise<Listing<T>> {
    const { pageSize = PAGE, ...rest } = options;
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const path = collectionPath(resource, selection, { limit: pageSize, continue: next });
      const what = `list ${resource.plural}`;
      const page = await this.#requester.object<ListPage<T>>({
        ...rest,
        method: 'GET',
        path,
        what,
        maxBytes: PAGE_BYTES,
      });
      for (const item of page.items ?? []) items.push(item);
      next = page.metadata.continue || undefined;
      // pages of one list all carry the version of the first
      if (!next) return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
    }
  }
}

interface ListPage<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[];
}

function refOf(manifest: Manifest): Ref {
  const { name = '', namespace } = manifest.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

function words(verb: string, resource: Resource, ref: Ref): string {
  return `${verb} ${resource.plural}/${ref.name}${ref.namespace ? ` in ${ref.namespace}` : ''}`;
}
