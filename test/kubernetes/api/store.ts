import { randomUUID } from 'node:crypto';
import { apiVersionOf, type Kind } from './kinds.js';
import { type JsonMap, type Meta, type Stored, timestamp } from './objects.js';
import { alreadyExists, expired, notFound } from './status.js';

export interface StoreEvent {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: Stored;
  /** What it was before, for watches whose selector it leaves or enters. */
  readonly previous?: Stored;
}

/** Events kept for watches that resume, as a server's watch cache does. */
const HISTORY = 50_000;

/** All objects, with one growing version over all of them (etcd's revision). Knows no HTTP and no rules of kinds. */
export class Store {
  readonly #objects = new Map<Kind, Map<string, Stored>>();
  readonly #byUid = new Map<string, { readonly kind: Kind; readonly object: Stored }>();
  /** Uids of what an owner's uid owns. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #history: StoreEvent[] = [];
  #version = 1_000;
  /** Versions below this are forgotten. */
  #oldest = 1_000;

  get version(): number {
    return this.#version;
  }

  get oldest(): number {
    return this.#oldest;
  }

  find(kind: Kind, namespace: string, name: string): Stored | undefined {
    return this.#objects.get(kind)?.get(`${namespace}/${name}`);
  }

  get(kind: Kind, namespace: string, name: string): Stored {
    const found = this.find(kind, namespace, name);
    if (!found) throw notFound(kind, name);
    return found;
  }

  /** @param namespace `''`: all */
  list(kind: Kind, namespace: string): Stored[] {
    const all = [...(this.#objects.get(kind)?.entries() ?? [])];
    const within =
      namespace === '' ? all : all.filter(([, object]) => object.metadata.namespace === namespace);
    return within.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  byUid(uid: string): { readonly kind: Kind; readonly object: Stored } | undefined {
    return this.#byUid.get(uid);
  }

  ownedBy(uid: string): { readonly kind: Kind; readonly object: Stored }[] {
    return [...(this.#owned.get(uid) ?? [])].flatMap((dependent) => this.#byUid.get(dependent) ?? []);
  }

  kinds(): Kind[] {
    return [...this.#objects.keys()];
  }

  insert(kind: Kind, object: JsonMap & { readonly metadata: JsonMap & { readonly name: string } }): Stored {
    const { namespace, name } = object.metadata as Meta;
    if (this.find(kind, namespace ?? '', name)) throw alreadyExists(kind, name);
    const metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp() };
    return this.#write('ADDED', kind, { ...object, metadata } as unknown as Stored);
  }

  /** Writes what `change` makes of it; the same object back means that nothing changes. */
  update(kind: Kind, at: Meta | Stored, change: (object: Stored) => Stored): Stored {
    const { namespace = '', name } = ('metadata' in at ? at.metadata : at) as Meta;
    const former = this.get(kind, namespace, name);
    const next = change(former);
    return next === former ? former : this.#write('MODIFIED', kind, next, former);
  }

  remove(kind: Kind, object: Stored): Stored {
    const { namespace = '', name, uid } = object.metadata;
    const former = this.get(kind, namespace, name);
    if (former.metadata.uid !== uid) throw notFound(kind, name);
    return this.#write('DELETED', kind, former, former);
  }

  /** What came after a version. @throws ApiFailure 410 when that is forgotten */
  since(version: number): StoreEvent[] {
    if (version < this.#oldest) throw expired(`too old resource version: ${version} (${this.#oldest})`);
    return this.#history.filter((event) => event.version > version);
  }

  listen(listener: (event: StoreEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Forgets what was, as etcd's compaction does: older versions are 410 from now on. */
  compact(): void {
    this.#history = [];
    this.#version += 1;
    this.#oldest = this.#version;
  }

  #write(type: StoreEvent['type'], kind: Kind, object: Stored, previous?: Stored): Stored {
    this.#version += 1;
    const version = this.#version;
    const stored: Stored = {
      ...object,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    };
    const { namespace = '', name } = stored.metadata;
    let map = this.#objects.get(kind);
    if (!map) {
      map = new Map();
      this.#objects.set(kind, map);
    }
    if (type === 'DELETED') map.delete(`${namespace}/${name}`);
    else map.set(`${namespace}/${name}`, stored);
    this.#noteUid(type, kind, stored);
    const event = { version, type, kind, object: stored, ...(previous ? { previous } : {}) };
    this.#history.push(event);
    if (this.#history.length > 2 * HISTORY) {
      this.#history = this.#history.slice(-HISTORY);
      this.#oldest = (this.#history[0]?.version ?? version) - 1;
    }
    for (const listener of [...this.#listeners]) listener(event);
    return stored;
  }

  #noteUid(type: StoreEvent['type'], kind: Kind, object: Stored): void {
    const { uid } = object.metadata;
    if (type === 'DELETED') this.#byUid.delete(uid);
    else this.#byUid.set(uid, { kind, object });
    for (const { uid: owner } of object.metadata.ownerReferences ?? []) {
      if (typeof owner !== 'string') continue;
      const owned = this.#owned.get(owner) ?? new Set();
      if (type === 'DELETED') owned.delete(uid);
      else owned.add(uid);
      if (owned.size > 0) this.#owned.set(owner, owned);
      else this.#owned.delete(owner);
    }
  }
}
