/**
 * What all servers share: the connection to the cluster, its caches, and the pods that are still to be ended.
 *
 * Owns their life. Does not own: when a server starts or stops, its environment, whether it answers (hub/lifecycle);
 * how the cluster is spoken to (kube).
 */
import { readFile } from 'node:fs/promises';
import { messageOf, StartupFault } from '../../core/fault.js';
import { Disposables } from '../../core/lifecycle.js';
import type {
  HouseInit,
  Spawner,
  SpawnerCache,
  SpawnerHouse,
  SpawnerInit,
} from '../../core/plugin/spawner.js';
import { acquireCluster } from '../../kube/cluster.js';
import type { Cluster } from '../../kube/connect.js';
import { isRefusal, KubeError } from '../../kube/error.js';
import type { Informer, InformerReport } from '../../kube/informer.js';
import type { KubeEvent, KubeObject, Pod } from '../../kube/objects.js';
import { EVENTS, PODS, type Resource } from '../../kube/resources.js';
import { Burials } from './burials.js';
import { type ClusterPort, limitsOf, podKey } from './cluster-port.js';
import { Gate } from './gate.js';
import { HUB_LABEL, hubLabel } from './manifests/metadata.js';
import { hasInlineScript } from './profiles/template.js';
import { STALE_SECONDS } from './readiness.js';
import { spawnIdOf } from './removal.js';
import { PodServer } from './server.js';
import { podMark } from './state.js';
import type { KubeSpawnerConfig } from './traits.js';

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
/** Pods whose objects are being made. */
const MADE_AT_ONCE = 40;
const SWEEP_PAUSE_MS = 200;
const SWEEP_PAUSE_MOST_MS = 30_000;

export class KubernetesHouse implements SpawnerHouse<KubeSpawnerConfig> {
  readonly #init: HouseInit<KubeSpawnerConfig>;
  readonly #resources = new Disposables();
  readonly #closing = new AbortController();
  readonly #gate = new Gate(MADE_AT_ONCE);
  readonly #caches = new Map<string, Informer<KubeObject>>();
  #cluster: Cluster | undefined;
  #burials: Burials | undefined;
  #hubNamespace = 'default';

  constructor(init: HouseInit<KubeSpawnerConfig>) {
    this.#init = init;
  }

  /** @throws StartupFault when there is no usable way to the cluster; one that is merely away is waited for later */
  async provision(): Promise<void> {
    const { config, clock, log } = this.#init;
    this.#hubNamespace = await ownNamespace();
    if (hasInlineScript(config))
      log.warn(
        'the form of profiles has a script or style of its own, which pages do not run; see docs/templates.md',
      );
    try {
      this.#cluster = await acquireCluster(
        {
          ...(config.k8s_api_host !== '' && { host: config.k8s_api_host }),
          ...(config.k8s_api_ssl_ca_cert !== '' && { caFile: config.k8s_api_ssl_ca_cert }),
          ...(config.k8s_api_verify_ssl !== null && { verifyTls: config.k8s_api_verify_ssl }),
          ...limitsOf(config),
        },
        { clock, log },
      );
    } catch (error) {
      throw new StartupFault([
        `KubeSpawner: the cluster cannot be reached: ${messageOf(error)}; run the hub in a pod with a service account, or point KUBECONFIG to a file`,
      ]);
    }
    this.#resources.use(this.#cluster);
    this.#burials = new Burials({ kube: this.#cluster.kube, clock, log, closing: this.#closing.signal });
    const namespace = config.namespace || this.#hubNamespace;
    this.#port.pods(config, namespace);
    this.#port.events(config, namespace);
  }

  create(init: SpawnerInit<KubeSpawnerConfig>): Spawner {
    return new PodServer(init, this.#port);
  }

  caches(): readonly SpawnerCache[] {
    return this.#reports().map((report) => ({ name: nameOf(report), ageSeconds: report.ageSeconds }));
  }

  troubles(): readonly string[] {
    return this.#reports()
      .filter((report) => report.ageSeconds > STALE_SECONDS)
      .map((report) => {
        const since = Number.isFinite(report.ageSeconds) ? `for ${Math.round(report.ageSeconds)} s` : 'yet';
        const why = report.failure ? `: ${report.failure.message}` : '';
        return `${nameOf(report)} could not be watched ${since}${why}`;
      });
  }

  #reports(): readonly InformerReport[] {
    return this.#cluster?.informers.report() ?? [];
  }

  /** Waits for a cluster that is away or refuses us: what nobody knows would live on until the next start of a hub. */
  async sweepOrphans(known: ReadonlySet<string>, hubId: string): Promise<number> {
    const { clock, log } = this.#init;
    const signal = this.#closing.signal;
    for (let pause = SWEEP_PAUSE_MS; ; pause = Math.min(SWEEP_PAUSE_MOST_MS, pause * 2)) {
      try {
        return await this.#sweep(known, hubId);
      } catch (error) {
        if (signal.aborted) return 0;
        if (!(error instanceof KubeError && (error.transient || isRefusal(error)))) throw error;
        log.warn('the cluster does not say yet which pods belong to no server', { error: error.message });
      }
      const slept = await clock.sleep(pause, signal).then(
        () => true,
        () => false, // the hub ends
      );
      if (!slept) return 0;
    }
  }

  async #sweep(known: ReadonlySet<string>, hubId: string): Promise<number> {
    const { config, log } = this.#init;
    const { kube } = this.#port;
    const namespace = config.enable_user_namespaces ? undefined : config.namespace || this.#hubNamespace;
    const { items } = await kube.list<Pod>(
      PODS,
      {
        ...(namespace !== undefined && { namespace }),
        labelSelector: `${HUB_LABEL}=${hubLabel(hubId)}`,
      },
      { signal: this.#closing.signal },
    );
    let ended = 0;
    for (const pod of items) {
      const spawnId = spawnIdOf(pod);
      const ref = refOf(pod);
      if (spawnId === undefined || !spawnId.startsWith(`${hubId}.`) || pod.metadata.deletionTimestamp)
        continue;
      if (known.has(spawnId) || known.has(podMark(ref.namespace, ref.name))) continue;
      log.warn('ends a pod that belongs to no server', { pod: podKey(ref.namespace, ref.name) });
      await kube.delete(PODS, ref, { gracePeriodSeconds: 0, ...uidOf(pod) });
      ended += 1;
    }
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the hub ends'));
    await this.#resources[Symbol.asyncDispose]();
  }

  get #port(): ClusterPort {
    const { clock, config } = this.#init;
    const cluster = this.#cluster;
    if (!cluster) throw new Error('the Kubernetes spawner was not provisioned');
    return {
      kube: cluster.kube,
      hubNamespace: this.#hubNamespace,
      baseConfig: config,
      clock,
      closing: this.#closing.signal,
      gate: this.#gate,
      pods: (own, namespace) =>
        this.#cache<Pod>(cluster, PODS, {
          ...scope(own, namespace),
          labelSelector: `component=${own.component_label}`,
          keep: keepPod,
        }),
      events: (own, namespace) =>
        own.events_enabled
          ? this.#cache<KubeEvent>(cluster, EVENTS, {
              ...scope(own, namespace),
              fieldSelector: 'involvedObject.kind=Pod',
              index: podOfEvent,
              keep: keepEvent,
            })
          : undefined,
      bury: (ref, spawnId) => this.#burials?.add(ref, spawnId),
    };
  }

  /** Kept until the hub ends: the next server of that namespace needs it again. */
  #cache<T extends KubeObject>(
    cluster: Cluster,
    resource: Resource<T>,
    how: Omit<Parameters<Cluster['informers']['acquire']>[0], 'resource' | 'keep' | 'index'> & {
      readonly keep: (object: T) => T;
      readonly index?: (object: T) => string | undefined;
    },
  ): Informer<T> {
    const key = `${resource.plural} ${how.namespace ?? ''} ${how.labelSelector ?? ''}`;
    const known = this.#caches.get(key);
    if (known) return known as unknown as Informer<T>;
    const lease = this.#resources.use(cluster.informers.acquire<T>({ resource, ...how }));
    this.#caches.set(key, lease.informer as unknown as Informer<KubeObject>);
    return lease.informer;
  }
}

/** With user namespaces one cache holds them all. */
function scope(
  { enable_user_namespaces: all }: KubeSpawnerConfig,
  namespace: string,
): { readonly namespace?: string } {
  return all ? {} : { namespace };
}

function refOf({ metadata }: KubeObject): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}

function uidOf({ metadata }: KubeObject): { readonly uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid };
}

function podOfEvent({ involvedObject }: KubeEvent): string {
  return podKey(involvedObject.namespace ?? '', involvedObject.name ?? '');
}

/** Thousands of pods are held: what nobody reads is dropped. */
function keepPod(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, annotations, deletionTimestamp, labels } = pod.metadata;
  const containers = pod.spec.containers.map((each) => ({
    name: each.name,
    ...(each.ports && { ports: each.ports }),
  }));
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(annotations && { annotations }),
      ...(labels && { labels }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: { containers },
    ...(pod.status && { status: pod.status }),
  };
}

function keepEvent(event: KubeEvent): KubeEvent {
  const { metadata, involvedObject, type, reason, message, count, lastTimestamp, eventTime } = event;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    involvedObject,
    ...(type && { type }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message: message.slice(0, 1000) }),
    ...(count !== undefined && { count }),
    ...(lastTimestamp && { lastTimestamp }),
    ...(eventTime && { eventTime }),
  };
}

/** KubeSpawner 7.1 `_namespace_default`. */
async function ownNamespace(): Promise<string> {
  try {
    return (await readFile(NAMESPACE_FILE, 'utf8')).trim() || 'default';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'default';
    throw error;
  }
}

function nameOf({ resource, namespace }: InformerReport): string {
  return `${resource} in ${namespace || 'all namespaces'}`;
}
