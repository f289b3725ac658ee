/**
 * The client's interface: what other rooms ask of a cluster. Owns requests, their limits and their retries; knows
 * nothing of what the objects are for. `client.ts` makes one, `informer.ts` watches through it.
 *
 * Every method retries what may be retried (429, 5xx, connection lost) with `Retry-After` and jittered back-off until
 * `retryForMs` is over, rejects with `KubeError`, and with the signal's own reason when aborted.
 */
import type { KubeObject, Manifest } from './objects.js';
import type { Resource } from './resources.js';

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Limit of one request, milliseconds. Default: that of the client. */
  readonly timeoutMs?: number;
  /** Limit of all tries together, milliseconds; 0: one try. Default: that of the client. */
  readonly retryForMs?: number;
}

/** An object's place. `namespace` is left out for cluster-wide resources. */
export interface Ref {
  readonly namespace?: string;
  readonly name: string;
}

/** Which objects; `namespace` left out means all namespaces. */
export interface Selection {
  readonly namespace?: string;
  /** `a=b,c!=d`, as the API takes it. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends RequestOptions {
  /** Objects on one page, 1..5000. Default 500. */
  readonly pageSize?: number;
}

export interface Listing<T> {
  readonly items: readonly T[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

export interface CreateOptions<T> extends RequestOptions {
  /**
   * Tells whether an object of that name which exists already (and is not being deleted) is the one that this call
   * wants: then it is the result. Without it `AlreadyExists` is thrown, and after a try whose fate is unknown the
   * create is not tried again.
   */
  readonly isOurs?: (existing: T) => boolean;
}

export interface DeleteOptions extends RequestOptions {
  /** Default: the object's own. */
  readonly gracePeriodSeconds?: number;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  /** Only the object with this uid; another one gives `conflict`. */
  readonly uid?: string;
}

export interface ApplyOptions extends RequestOptions {
  /** Who owns the fields sent. */
  readonly fieldManager: string;
  /** Takes fields that another manager owns; else `conflict`. Default false. */
  readonly force?: boolean;
}

export interface LogOptions extends RequestOptions {
  readonly container?: string;
  /** Default 50. */
  readonly tailLines?: number;
  /** Default 64 KiB, at most 1 MiB; the server cuts the end of the tail off there. */
  readonly limitBytes?: number;
  /** Of the container's former run. */
  readonly previous?: boolean;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed; everything up to there has been told. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly resourceVersion: string;
  /** The server ends the watch after so many seconds; ten seconds later the client gives it up. */
  readonly timeoutSeconds: number;
  /** Called once the server has accepted the watch. */
  readonly onOpen?: () => void;
}

export interface Kube extends AsyncDisposable {
  /** The namespace of the context or service account, `default` where neither names one. */
  readonly namespace: string;
  /** Address of the API server, for logs. */
  readonly server: string;

  /** @throws KubeError `notFound` when there is none */
  read<T extends KubeObject>(resource: Resource<T>, ref: Ref, options?: RequestOptions): Promise<T>;
  /** As `read`; `undefined` when there is none. */
  find<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    options?: RequestOptions,
  ): Promise<T | undefined>;
  /** All pages, consistent among themselves; begins again once when the continue token expires. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options?: ListOptions,
  ): Promise<Listing<T>>;
  /**
   * Creates what the manifest says, in `metadata.namespace`. Unknown fields are refused (`BadRequest`). Tried again
   * only when the server cannot have acted, or when `isOurs` can recognise the result.
   */
  create<T extends KubeObject>(
    resource: Resource<T>,
    manifest: Manifest,
    options?: CreateOptions<T>,
  ): Promise<T>;
  /** Replaces the whole object; with `metadata.resourceVersion` only that version, else `conflict`. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    manifest: Manifest,
    options?: RequestOptions,
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). */
  merge<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    patch: Readonly<Record<string, unknown>>,
    options?: RequestOptions,
  ): Promise<T>;
  /** Server-side apply: creates it, or sets just the fields of the manifest. */
  apply<T extends KubeObject>(resource: Resource<T>, manifest: Manifest, options: ApplyOptions): Promise<T>;
  /**
   * Asks for its end; it may live on through its grace period and finalizers.
   * @returns false when there was none
   */
  delete(resource: Resource, ref: Ref, options?: DeleteOptions): Promise<boolean>;
  /** The last lines of a container's log, bounded. */
  podLog(ref: Ref, options?: LogOptions): Promise<string>;
  /**
   * One watch, for `informer.ts`: ends when the server ends it, throws `KubeError` (`expired` for 410) when it fails
   * or falls silent past its time. Never retries.
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
}
