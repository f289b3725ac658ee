/** What is told of a start: the cluster's events about the pod, and patience when it takes long. */
import type { Clock } from '../../core/clock.js';
import type { ProgressEvent } from '../../core/plugin/spawner.js';
import type { Informer } from '../../kube/informer.js';
import type { KubeEvent } from '../../kube/objects.js';
import type { KubeSpawnerConfig } from './traits.js';

const MAX_EVENTS = 300;

/** A queue of messages with one reader. */
export class ProgressFeed {
  readonly #waiting: ProgressEvent[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #told = 0;
  #percent = 0;

  /** Each event comes a third closer to 90 (KubeSpawner 7.1 `progress`). */
  step(message: string): void {
    this.#percent += (90 - this.#percent) / 3;
    this.#push({ progress: Math.trunc(this.#percent), message });
  }

  say(message: string): void {
    this.#push({ message });
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #push(event: ProgressEvent): void {
    if (this.#closed || this.#told >= MAX_EVENTS) return;
    this.#told += 1;
    this.#waiting.push(event);
    this.#wake?.();
  }

  async *listen(): AsyncGenerator<ProgressEvent, void, undefined> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event) yield event;
      else if (this.#closed) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** Events about one pod from now on, the oldest first; those of an earlier pod of that name are left out. */
export class PodEvents implements Disposable {
  readonly #known: ReadonlySet<string>;
  readonly #events = new Map<string, KubeEvent>();
  readonly #subscription: Disposable | undefined;

  constructor(cache: Informer<KubeEvent> | undefined, key: string, feed: ProgressFeed) {
    this.#known = new Set(cache?.indexed(key).map(identity));
    this.#subscription = cache?.subscribe({ index: key }, (change) => {
      if (change.type === 'deleted' || this.#known.has(identity(change.object))) return;
      this.#events.set(identity(change.object), change.object);
      feed.step(sentence(change.object));
    });
  }

  /** The latest of them; an event that comes again counts by its last time. */
  list(): readonly KubeEvent[] {
    return [...this.#events.values()].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
  }
}

function identity({ metadata, count }: KubeEvent): string {
  return `${metadata.uid ?? metadata.name}/${count ?? 1}`;
}

function timeOf(event: KubeEvent): string {
  return event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';
}

const WORDS: Readonly<Record<string, string>> = {
  FailedScheduling: 'Waiting for room in the cluster',
  Scheduled: 'A node was found',
  TriggeredScaleUp: 'The cluster is adding a node',
  Pulling: 'Fetching the image',
  Pulled: 'The image is there',
  BackOff: 'Trying again after a failure',
  Failed: 'A step failed and is tried again',
  FailedMount: 'Waiting for storage',
  FailedAttachVolume: 'Waiting for storage',
  SuccessfulAttachVolume: 'Storage is attached',
  Created: 'The container was made',
  Started: 'The container was started',
  Unhealthy: 'Not healthy yet',
  Killing: 'A former server is being ended',
  Evicted: 'The cluster ended the pod',
};

/** In words where the reason is known, then KubeSpawner's form: `TIME [Type] message`. */
function sentence(event: KubeEvent): string {
  const words = WORDS[event.reason ?? ''];
  const told = `${timeOf(event)} [${event.type ?? 'Normal'}] ${event.message ?? ''}`;
  return words === undefined ? told : `${words}: ${told}`;
}

/** Says every few seconds that it takes long, until aborted. */
export async function sayPatience(
  clock: Clock,
  config: KubeSpawnerConfig,
  feed: ProgressFeed,
  signal: AbortSignal,
): Promise<void> {
  const { slow_spawn_message: message, slow_spawn_message_frequency: pause } = config;
  if (config.slow_spawn_message_threshold <= 0) return;
  const began = clock.monotonic();
  let next = config.slow_spawn_message_threshold;
  try {
    for (;;) {
      await clock.sleep(next * 1000, signal);
      const seconds = Math.trunc((clock.monotonic() - began) / 1000);
      feed.say(message.replaceAll('{seconds}', String(seconds)));
      next = Math.max(1, pause);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
