import { messageOf } from '../core/fault.js';
import { type Log, silentLog } from '../core/log.js';
import type { Ref } from './api.js';
import type { Change, InformerSpec, Interest, Listener } from './informer.js';
import type { KubeObject } from './objects.js';

type Listeners<T> = Map<string, Set<Listener<T>>>;

/** Objects by name and by index, and who wants to hear of them. Knows no network. */
export class ObjectCache<T extends KubeObject> {
  readonly #spec: Pick<InformerSpec<T>, 'index' | 'keep'>;
  readonly #log: Log;
  readonly #objects = new Map<string, T>();
  readonly #index = new Map<string, Set<string>>();
  readonly #all = new Set<Listener<T>>();
  readonly #byRef: Listeners<T> = new Map();
  readonly #byIndex: Listeners<T> = new Map();

  constructor(spec: Pick<InformerSpec<T>, 'index' | 'keep'>, log: Log = silentLog) {
    this.#spec = spec;
    this.#log = log;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Listeners held, for tests of leaks. */
  get listeners(): number {
    const held = [...this.#byRef.values(), ...this.#byIndex.values()];
    return this.#all.size + held.reduce((sum, set) => sum + set.size, 0);
  }

  get(ref: Ref): T | undefined {
    return this.#objects.get(keyOf(ref));
  }

  all(): IterableIterator<T> {
    return this.#objects.values();
  }

  indexed(key: string): readonly T[] {
    const found: T[] = [];
    for (const at of this.#index.get(key) ?? []) {
      const object = this.#objects.get(at);
      if (object) found.push(object);
    }
    return found;
  }

  /** A whole list: what it lacks has been deleted meanwhile. */
  replaceAll(items: Iterable<T>): void {
    const gone = new Set(this.#objects.keys());
    for (const item of items) {
      gone.delete(keyOf(refOf(item)));
      this.put(item);
    }
    for (const key of gone) {
      const object = this.#objects.get(key);
      if (object) this.#drop(key, object);
    }
  }

  put(raw: T): void {
    const key = keyOf(refOf(raw));
    const former = this.#objects.get(key);
    if (former && sameVersion(former, raw)) return;
    const object = this.#slim(raw);
    if (former && former.metadata.uid !== object.metadata.uid) {
      // another object of that name: the former one's end was not seen
      this.#drop(key, former);
      this.#hold(key, object);
      this.#tell(key, { type: 'added', object });
      return;
    }
    if (former) this.#unindex(key, former);
    this.#hold(key, object);
    this.#tell(key, former ? { type: 'modified', object, previous: former } : { type: 'added', object });
  }

  remove(raw: T): void {
    const key = keyOf(refOf(raw));
    if (this.#objects.has(key)) this.#drop(key, this.#slim(raw));
  }

  subscribe(interest: Interest, listener: Listener<T>): Disposable {
    // a function of its own, so that one listener can be subscribed twice
    const own: Listener<T> = (change) => listener(change);
    if (interest === 'all') {
      this.#all.add(own);
      return { [Symbol.dispose]: () => void this.#all.delete(own) };
    }
    const [map, key] =
      'ref' in interest ? [this.#byRef, keyOf(interest.ref)] : [this.#byIndex, interest.index];
    addTo(map, key, own);
    return { [Symbol.dispose]: () => takeFrom(map, key, own) };
  }

  #slim(raw: T): T {
    const { managedFields: _, ...metadata } = raw.metadata as T['metadata'] & { managedFields?: unknown };
    const object = { ...raw, metadata };
    return this.#spec.keep ? this.#spec.keep(object) : object;
  }

  #hold(key: string, object: T): void {
    this.#objects.set(key, object);
    const at = this.#spec.index?.(object);
    if (at !== undefined) addTo(this.#index, at, key);
  }

  #unindex(key: string, object: T): void {
    const at = this.#spec.index?.(object);
    if (at !== undefined) takeFrom(this.#index, at, key);
  }

  #drop(key: string, last: T): void {
    const held = this.#objects.get(key);
    if (held) this.#unindex(key, held);
    this.#objects.delete(key);
    this.#tell(key, { type: 'deleted', object: last });
  }

  #tell(key: string, change: Change<T>): void {
    const at = this.#spec.index?.(change.object);
    const hearers = [
      ...this.#all,
      ...(this.#byRef.get(key) ?? []),
      ...((at !== undefined && this.#byIndex.get(at)) || []),
    ];
    for (const hear of hearers) {
      try {
        hear(change);
      } catch (error) {
        this.#log.error('a listener of a Kubernetes cache failed', { error: messageOf(error) });
      }
    }
  }
}

function refOf(object: KubeObject): Ref {
  const { name = '', namespace } = object.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

function keyOf(ref: Ref): string {
  return `${ref.namespace ?? ''}/${ref.name}`;
}

function sameVersion(one: KubeObject, other: KubeObject): boolean {
  const version = one.metadata.resourceVersion;
  return (
    version !== undefined &&
    version === other.metadata.resourceVersion &&
    one.metadata.uid === other.metadata.uid
  );
}

function addTo<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

function takeFrom<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const set = map.get(key);
  if (set?.delete(value) && set.size === 0) map.delete(key);
}
