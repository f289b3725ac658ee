/**
 * Where the cluster is and who we are there: what a client is made from. `acquireCluster` shares one client and one pool of informers among all
 * who ask with the same settings, however many spawners there are.
 */
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Kube } from './api.js';
import type { InformerPool } from './informer.js';

/** Left out or empty: what the service account or kubeconfig says (KubeSpawner's `k8s_api_*` traits). */
export interface ConnectOptions {
  /** Address of the API server in place of the configured one. */
  readonly host?: string;
  /** Path of a PEM file. */
  readonly caFile?: string;
  readonly verifyTls?: boolean;
  /** Milliseconds for one request. Default 30,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for all tries of one call. Default 60,000. */
  readonly retryForMs?: number;
  /** `User-Agent`, default `anteroom/VERSION`. */
  readonly userAgent?: string;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
}

/** Shared; disposing of the last holder's closes watches and connections. */
export interface Cluster extends AsyncDisposable {
  readonly kube: Kube;
  readonly informers: InformerPool;
}

/**
 * `acquireCluster` of `cluster.ts`: imports @kubernetes/client-node and reads the credentials at the first call.
 * @throws KubeError `Credentials` when there is no usable configuration
 */
export type AcquireCluster = (options: ConnectOptions, surroundings: Surroundings) => Promise<Cluster>;
