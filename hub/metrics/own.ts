/** What JupyterHub has no name for: the queue of starts and the breaker. Always prefixed `anteroom_`. */
import { Gauge, type Registry } from 'prom-client';
import type { SpawnerCache } from '../../core/plugin/spawner.js';
import { Durations } from './families.js';

/** Bounds of `spawn_queue_timeout`'s order, seconds. */
const WAIT_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export interface SpawnSource {
  /** Starts of browsers that wait for a place. */
  readonly queued: number;
  breaker(): { readonly state: 'closed' | 'open' | 'half-open'; readonly failures: number };
  spawnerCaches(): readonly SpawnerCache[];
}

export class OwnMetrics {
  readonly #waits: Durations;
  #source: SpawnSource | undefined;

  constructor(registry: Registry, now: () => number) {
    this.#waits = new Durations({
      registry,
      name: 'anteroom_spawn_queue_duration_seconds',
      help: 'Time that starts waited in the queue, by whether they began then',
      labels: ['began'],
      buckets: WAIT_BUCKETS,
      now,
    });
    for (const began of ['true', 'false']) this.#waits.exists({ began });
    const gauge = (name: string, help: string, read: (source: SpawnSource) => number): void => {
      const source = (): SpawnSource | undefined => this.#source;
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          const now = source();
          this.set(now ? read(now) : 0);
        },
      });
    };
    gauge(
      'anteroom_spawn_queue_length',
      'Starts of browsers that wait for a place',
      (source) => source.queued,
    );
    gauge(
      'anteroom_spawn_breaker_open',
      'Starts are refused because too many in a row have failed',
      (source) => (source.breaker().state === 'closed' ? 0 : 1),
    );
    gauge(
      'anteroom_spawn_consecutive_failures',
      'Starts that have failed since the last one that worked',
      (source) => source.breaker().failures,
    );
    this.#cacheAges(registry);
  }

  #cacheAges(registry: Registry): void {
    const source = (): SpawnSource | undefined => this.#source;
    new Gauge({
      name: 'anteroom_spawner_cache_age_seconds',
      help: 'Time since what the spawner watches elsewhere was last known to be true',
      labelNames: ['cache'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { name, ageSeconds } of source()?.spawnerCaches() ?? [])
          this.set({ cache: name }, ageSeconds);
      },
    });
  }

  watch(source: SpawnSource): void {
    this.#source = source;
  }

  waited({ ms, began }: { readonly ms: number; readonly began: boolean }): void {
    this.#waits.observe(ms / 1000, { began: String(began) });
  }
}
