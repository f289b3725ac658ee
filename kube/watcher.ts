import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import type { Log } from '../core/log.js';
import { abortable } from './abortable.js';
import type { Kube, Ref } from './api.js';
import { ObjectCache } from './cache.js';
import { isRefusal, KubeError } from './error.js';
import type { Informer, InformerSpec, Interest, Listener, WaitOptions } from './informer.js';
import type { KubeObject } from './objects.js';
import { backOff } from './retry.js';

/** Length of one watch: a connection that died without a word is noticed ten seconds later. */
const WATCH_SECONDS = 40;
/** Few ask, so that a server which is back is found soon. */
const MOST_PAUSE_MS = 10_000;
/** A watch that the server ends sooner counts as failed, or the two would run in a circle. */
const SHORT_MS = 1_000;
/** So many failures in a row, and the version is no longer believed in: the list is read again. */
const RELIST_AFTER = 5;

export interface WatcherParts {
  readonly kube: Kube;
  readonly clock: Clock;
  readonly log: Log;
  /** Seconds of one watch; for tests. */
  readonly watchSeconds?: number;
}

/** Keeps one cache true: list, watch from there on, watch again, and list again where the history is lost. */
export class Watcher<T extends KubeObject> implements Informer<T>, AsyncDisposable {
  readonly #spec: InformerSpec<T>;
  readonly #parts: WatcherParts;
  readonly #cache: ObjectCache<T>;
  readonly #closed = new AbortController();
  readonly #waiting = new Set<(refusal?: KubeError) => void>();
  #running: Promise<void> | undefined;
  #version: string | undefined;
  #freshAt: number | undefined;
  #failure: KubeError | undefined;
  #failures = 0;

  constructor(spec: InformerSpec<T>, parts: WatcherParts) {
    this.#spec = spec;
    this.#parts = parts;
    this.#cache = new ObjectCache(spec, parts.log);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  get synced(): boolean {
    return this.#freshAt !== undefined;
  }

  get ageSeconds(): number {
    if (this.#freshAt === undefined) return Number.POSITIVE_INFINITY;
    return (this.#parts.clock.monotonic() - this.#freshAt) / 1_000;
  }

  get failure(): KubeError | undefined {
    return this.#failure;
  }

  get size(): number {
    return this.#cache.size;
  }

  get listeners(): number {
    return this.#cache.listeners + this.#waiting.size;
  }

  async whenSynced(options: WaitOptions): Promise<void> {
    if (this.synced) return;
    if (isFinal(this.#failure)) throw this.#failure;
    let done: (refusal?: KubeError) => void = () => undefined;
    const synced = new Promise<void>((resolve, reject) => {
      done = (refusal) => (refusal ? reject(refusal) : resolve());
    });
    this.#waiting.add(done);
    try {
      await this.#whileOpen(synced, options.signal);
    } finally {
      this.#waiting.delete(done);
    }
  }

  get(ref: Ref): T | undefined {
    return this.#cache.get(ref);
  }

  all(): IterableIterator<T> {
    return this.#cache.all();
  }

  indexed(key: string): readonly T[] {
    return this.#cache.indexed(key);
  }

  subscribe(interest: Interest, listener: Listener<T>): Disposable {
    return this.#cache.subscribe(interest, listener);
  }

  async waitFor(
    ref: Ref,
    predicate: (object: T | undefined) => boolean,
    options: WaitOptions,
  ): Promise<T | undefined> {
    await this.whenSynced(options);
    const now = this.get(ref);
    if (predicate(now)) return now;
    let subscription: Disposable | undefined;
    const found = new Promise<T | undefined>((resolve, reject) => {
      subscription = this.subscribe({ ref }, (change) => {
        const object = change.type === 'deleted' ? undefined : change.object;
        try {
          if (predicate(object)) resolve(object);
        } catch (error) {
          reject(error);
        }
      });
    });
    try {
      return await this.#whileOpen(found, options.signal);
    } finally {
      subscription?.[Symbol.dispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the informer is closed'));
    await this.#running;
  }

  async #whileOpen<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
    // refused while nobody waits any more
    promise.catch(() => undefined);
    return await abortable(abortable(promise, this.#closed.signal), signal);
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#closed.signal.aborted) {
      try {
        await this.#list();
        await this.#watch();
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        const failure = asKubeError(error);
        if (this.#failed(failure)) continue;
        const pause = Math.max(
          backOff(this.#failures, Math.random, MOST_PAUSE_MS),
          Math.min((failure.retryAfterSeconds ?? 0) * 1_000, MOST_PAUSE_MS),
        );
        log.debug('a Kubernetes watch begins again', { ...this.#name(), pause });
        await clock.sleep(pause, this.#closed.signal).catch(() => undefined);
      }
    }
  }

  async #list(): Promise<void> {
    if (this.#version !== undefined) return;
    const { kube } = this.#parts;
    const listing = await kube.list(this.#spec.resource, this.#spec, {
      signal: this.#closed.signal,
      retryForMs: 0,
    });
    this.#cache.replaceAll(listing.items);
    this.#version = listing.resourceVersion;
    this.#fresh();
    for (const done of this.#waiting) done();
  }

  async #watch(): Promise<void> {
    const { kube, clock } = this.#parts;
    const began = clock.monotonic();
    const events = kube.watch(this.#spec.resource, this.#spec, {
      signal: this.#closed.signal,
      resourceVersion: this.#version ?? '',
      timeoutSeconds: this.#parts.watchSeconds ?? WATCH_SECONDS,
      onOpen: () => this.#fresh(),
    });
    let seen = false;
    for await (const event of events) {
      if (event.type === 'BOOKMARK') this.#version = event.resourceVersion;
      else {
        this.#version = event.object.metadata.resourceVersion ?? this.#version;
        if (event.type === 'DELETED') this.#cache.remove(event.object);
        else this.#cache.put(event.object);
      }
      seen = true;
      this.#failures = 0;
      this.#fresh();
    }
    if (!seen && clock.monotonic() - began < SHORT_MS) throw endedAtOnce(this.#spec.resource.plural);
    this.#failures = 0;
    this.#fresh();
  }

  #fresh(): void {
    this.#freshAt = this.#parts.clock.monotonic();
    if (!this.#failure) return;
    this.#parts.log.info('a Kubernetes cache is true again', this.#name());
    this.#failure = undefined;
  }

  /** Takes note of a failure. @returns whether to go on at once */
  #failed(failure: KubeError): boolean {
    this.#failures += 1;
    const lost = failure.expired || this.#failures % RELIST_AFTER === 0;
    if (lost) this.#version = undefined;
    // an old version is no failure: the list that follows puts it right
    if (failure.expired && this.#failures === 1) return true;
    if (!this.#failure)
      this.#parts.log.warn('a Kubernetes cache grows old', { ...this.#name(), error: failure.message });
    this.#failure = failure;
    if (!this.synced && isFinal(failure)) for (const done of this.#waiting) done(failure);
    return false;
  }

  #name(): { readonly resource: string; readonly namespace: string } {
    return { resource: this.#spec.resource.plural, namespace: this.#spec.namespace ?? '' };
  }
}

/** What waiting does not mend. */
function isFinal(failure: KubeError | undefined): failure is KubeError {
  return failure !== undefined && (failure.notFound || isRefusal(failure));
}

function asKubeError(error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  return new KubeError({
    status: 0,
    reason: 'BadAnswer',
    message: messageOf(error),
    processed: 'yes',
    cause: error,
  });
}

function endedAtOnce(plural: string): KubeError {
  return new KubeError({
    status: 0,
    reason: 'Unreachable',
    message: `watch ${plural}: the server ended it at once`,
    processed: 'yes',
  });
}
