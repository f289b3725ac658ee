/** Ends pods of failed starts that could not be ended at once. */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { Kube, Ref } from '../../kube/api.js';
import type { Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import { podKey } from './cluster-port.js';
import { removePod, spawnIdOf } from './removal.js';

const PAUSE_MS = 1_000;
const PAUSE_MOST_MS = 60_000;
/** How long a pod's end is waited for. */
const END_MS = 60_000;

export interface BurialParts {
  readonly kube: Kube;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the hub ends. */
  readonly closing: AbortSignal;
}

/**
 * Goes on without end, with growing pauses: a pod that nobody knows must not live on. However often the starts of one
 * server fail meanwhile, the cluster is asked for its pod by one alone.
 */
export class Burials {
  readonly #parts: BurialParts;
  /** The spawn ids whose pods are to be ended, by the name that they all have. */
  readonly #open = new Map<string, Set<string>>();

  constructor(parts: BurialParts) {
    this.#parts = parts;
  }

  add(ref: Ref, spawnId: string): void {
    const key = podKey(ref.namespace ?? '', ref.name);
    const open = this.#open.get(key);
    if (open) open.add(spawnId);
    else {
      const spawnIds = new Set([spawnId]);
      this.#open.set(key, spawnIds);
      void this.#bury(ref, key, spawnIds);
    }
  }

  async #bury(ref: Ref, key: string, spawnIds: ReadonlySet<string>): Promise<void> {
    const { clock, log, closing: signal } = this.#parts;
    for (let pause = PAUSE_MS; !signal.aborted; pause = Math.min(PAUSE_MOST_MS, pause * 2)) {
      try {
        await clock.sleep(pause, signal);
        const known = spawnIds.size;
        if (await this.#end(ref, spawnIds)) log.info('ended a pod that was left over', { pod: key });
        // one more was added while this one ended
        if (spawnIds.size > known) continue;
        this.#open.delete(key);
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn('a left over pod could not be ended yet', { pod: ref.name, error: messageOf(error) });
      }
    }
  }

  /** @returns whether there was one */
  async #end(ref: Ref, spawnIds: ReadonlySet<string>): Promise<boolean> {
    const { kube, clock, closing: signal } = this.#parts;
    const pod = await kube.find<Pod>(PODS, ref, { signal });
    if (!pod || !spawnIds.has(spawnIdOf(pod) ?? '')) return false;
    const { uid } = pod.metadata;
    await removePod({ kube, clock }, ref, {
      gracePeriodSeconds: 0,
      ...(uid !== undefined && { uid }),
      waitMs: END_MS,
      signal,
    });
    return true;
  }
}
