/**
 * What a cache of one kind of object offers. `watcher.ts` keeps it true, `pool.ts` shares it.
 */
import type { Ref, Selection } from './api.js';
import type { KubeError } from './error.js';
import type { KubeObject } from './objects.js';
import type { Resource } from './resources.js';

export interface InformerSpec<T extends KubeObject> extends Selection {
  readonly resource: Resource<T>;
  /**
   * A second key for `indexed` and `subscribe`, e.g. the pod that an event is about. Module-level functions only: an
   * informer is shared by those who give the same function.
   */
  readonly index?: (object: T) => string | undefined;
  /** What is kept of an object; to save memory. Module-level functions only, too. `metadata.managedFields` is never kept. */
  readonly keep?: (object: T) => T;
}

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly previous: T }
  /** `object` is the last state that was seen. */
  | { readonly type: 'deleted'; readonly object: T };

export type Listener<T> = (change: Change<T>) => void;

/** Which changes a listener hears of: of one object, of one index key, or all. */
export type Interest = { readonly ref: Ref } | { readonly index: string } | 'all';

export interface WaitOptions {
  readonly signal: AbortSignal;
}

/**
 * A cache of the objects that a selection names, kept true by a list and watches. It never gives up: while the API
 * server is away it keeps what it has, `ageSeconds` grows and `failure` says why.
 */
export interface Informer<T extends KubeObject> {
  /** The first list has been taken in. */
  readonly synced: boolean;
  /**
   * Seconds since the cache was last known to be true: since the last event, bookmark, list, or watch that was opened
   * or ended in order. `Infinity` before the first list. Healthy: below a minute.
   */
  readonly ageSeconds: number;
  /** Why it is not true now; `undefined` while it watches. */
  readonly failure: KubeError | undefined;
  /** How many are held. */
  readonly size: number;

  /** Resolves after the first list. @throws the signal's reason; `KubeError` when the API refuses us (401, 403, 404) */
  whenSynced(options: WaitOptions): Promise<void>;
  get(ref: Ref): T | undefined;
  all(): IterableIterator<T>;
  /** Those whose `index` gives this key, in no order. */
  indexed(key: string): readonly T[];
  /** Calls back at each change from now on, in the order in which they are seen. A listener that throws is logged. */
  subscribe(interest: Interest, listener: Listener<T>): Disposable;
  /**
   * Resolves with the first state of that object for which `predicate` holds: what is in the cache now, or a later one;
   * `undefined` means that it does not exist. First awaits `whenSynced`.
   * @param predicate also called with `undefined`, when it is absent or vanishes; what it throws rejects the wait
   */
  waitFor(
    ref: Ref,
    predicate: (object: T | undefined) => boolean,
    options: WaitOptions,
  ): Promise<T | undefined>;
}

/** One holder's share of an informer; the last one disposed of stops it. */
export interface InformerLease<T extends KubeObject> extends AsyncDisposable {
  readonly informer: Informer<T>;
}

/** Shares informers: one per resource, selection, index and keep. */
export interface InformerPool extends AsyncDisposable {
  acquire<T extends KubeObject>(spec: InformerSpec<T>): InformerLease<T>;
  /** One entry for each running informer, for metrics and readiness. */
  report(): readonly InformerReport[];
}

export interface InformerReport {
  /** Plural of the resource. */
  readonly resource: string;
  /** `''` for all. */
  readonly namespace: string;
  readonly synced: boolean;
  readonly ageSeconds: number;
  readonly size: number;
  readonly failure: KubeError | undefined;
}
