import type { Clock } from '../../core/clock.js';
import type { Kube, Ref } from '../../kube/api.js';
import type { Informer } from '../../kube/informer.js';
import type { KubeEvent, Pod } from '../../kube/objects.js';
import type { Gate } from './gate.js';
import type { KubeSpawnerConfig } from './traits.js';

/** What a server needs of the cluster and of the house that all servers share. */
export interface ClusterPort {
  readonly kube: Kube;
  /** Where the hub itself runs, `default` outside a cluster. */
  readonly hubNamespace: string;
  /** Of the class, before hooks and options. */
  readonly baseConfig: KubeSpawnerConfig;
  readonly clock: Clock;
  /** Aborted when the hub ends. */
  readonly closing: AbortSignal;
  /** Through which servers are made, so many at once. */
  readonly gate: Gate;
  /** The cache of the pods that this server's is among. */
  pods(config: KubeSpawnerConfig, namespace: string): Informer<Pod>;
  /** The cache of events about pods; their key is `podKey`. `undefined` when `events_enabled` is off. */
  events(config: KubeSpawnerConfig, namespace: string): Informer<KubeEvent> | undefined;
  /** Ends a pod that could not be ended now, as soon as the cluster answers again. */
  bury(ref: Ref, spawnId: string): void;
}

/** Milliseconds for one request and for all its attempts. */
export function limitsOf(config: KubeSpawnerConfig): {
  readonly timeoutMs: number;
  readonly retryForMs: number;
} {
  return {
    timeoutMs: config.k8s_api_request_timeout * 1000,
    retryForMs: config.k8s_api_request_retry_timeout * 1000,
  };
}

export function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
