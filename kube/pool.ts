import type { InformerLease, InformerPool, InformerReport, InformerSpec } from './informer.js';
import type { KubeObject } from './objects.js';
import { Watcher, type WatcherParts } from './watcher.js';

interface Entry {
  readonly spec: InformerSpec<KubeObject>;
  readonly watcher: Watcher<KubeObject>;
  holders: number;
}

/** Informers by what they watch, each with as many holders as asked for it. */
export class SharedInformers implements InformerPool {
  readonly #parts: WatcherParts;
  readonly #entries = new Set<Entry>();

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  acquire<T extends KubeObject>(spec: InformerSpec<T>): InformerLease<T> {
    // an entry holds what its own spec says, and only the same spec finds it
    const wanted = spec as unknown as InformerSpec<KubeObject>;
    let entry = [...this.#entries].find((one) => sameSpec(one.spec, wanted));
    if (!entry) {
      entry = { spec: wanted, watcher: new Watcher(wanted, this.#parts), holders: 0 };
      this.#entries.add(entry);
      entry.watcher.start();
    }
    const held = entry;
    held.holders += 1;
    let released = false;
    return {
      informer: held.watcher as unknown as Watcher<T>,
      [Symbol.asyncDispose]: async () => {
        if (released) return;
        released = true;
        held.holders -= 1;
        if (held.holders > 0) return;
        this.#entries.delete(held);
        await held.watcher[Symbol.asyncDispose]();
      },
    };
  }

  report(): readonly InformerReport[] {
    return [...this.#entries].map(({ spec, watcher }) => ({
      resource: spec.resource.plural,
      namespace: spec.namespace ?? '',
      synced: watcher.synced,
      ageSeconds: watcher.ageSeconds,
      size: watcher.size,
      failure: watcher.failure,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries];
    this.#entries.clear();
    await Promise.all(entries.map(({ watcher }) => watcher[Symbol.asyncDispose]()));
  }
}

function sameSpec(one: InformerSpec<KubeObject>, other: InformerSpec<KubeObject>): boolean {
  return (
    one.resource.group === other.resource.group &&
    one.resource.version === other.resource.version &&
    one.resource.plural === other.resource.plural &&
    one.namespace === other.namespace &&
    one.labelSelector === other.labelSelector &&
    one.fieldSelector === other.fieldSelector &&
    one.index === other.index &&
    one.keep === other.keep
  );
}
