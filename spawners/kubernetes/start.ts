/** A start, step by step, in KubeSpawner's order (kubespawner/spawner.py 7.1 `_start`). */
import type { ServerAddress, SpawnerInit, StartContext } from '../../core/plugin/spawner.js';
import type { Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import { ensureClaim, ensureNamespace, makeBelongings } from './belongings.js';
import { type ClusterPort, limitsOf, podKey } from './cluster-port.js';
import { checkedManifest, createPod } from './creation.js';
import { whyLate } from './diagnosis.js';
import { hookFault } from './faults.js';
import type { Identity } from './identity.js';
import { podManifest } from './manifests/pod.js';
import { DEFAULT_PORT, type ServerFacts } from './manifests/server.js';
import { settle } from './manifests/settle.js';
import { addressOf } from './names/address.js';
import { PodEvents, type ProgressFeed, sayPatience } from './progress.js';
import { whenRunning } from './readiness.js';
import type { KubeSpawnerConfig } from './traits.js';

/** Before the hub's own limit passes: the reason is told then. */
const EARLIER_MS = 2_000;

export interface PodStart {
  readonly port: ClusterPort;
  readonly init: SpawnerInit<KubeSpawnerConfig>;
  readonly identity: Identity;
  readonly context: StartContext;
  readonly feed: ProgressFeed;
  /** The claim is there: its name stands from now on. */
  readonly claimExists: () => Promise<void>;
  /** The pod exists. */
  readonly podMade: (pod: Pod) => Promise<void>;
}

/** @throws Fault in words, KubeError, the signal's reason; what was made is the caller's to end */
export async function startPod(
  start: PodStart,
): Promise<{ readonly pod: Pod; readonly address: ServerAddress }> {
  const { port, identity, init, context, feed } = start;
  const { config } = init;
  const { namespace, podName } = identity.names;
  const limit = config.start_timeout * 1000;
  const over = new AbortController();
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  using events = new PodEvents(port.events(config, namespace), podKey(namespace, podName), feed);
  const timer = port.clock.sleep(limit - Math.min(EARLIER_MS, limit / 10), ended.signal).then(
    () => over.abort('the time for the start is over'),
    () => undefined, // it ended before
  );
  const patience = sayPatience(port.clock, config, feed, ended.signal);
  try {
    const server = await factsOf(start);
    const made = await port.gate.run(() => create(start, server, signal), signal);
    const ref = { namespace, name: podName };
    const pod = await whenRunning(port, port.pods(config, namespace), ref, made, signal);
    return { pod, address: await located(start, server, pod) };
  } catch (error) {
    if (!over.signal.aborted || context.signal.aborted) throw error;
    const pod = await port.kube.find<Pod>(PODS, { namespace, name: podName }, { retryForMs: 0 });
    throw whyLate(pod, events.list());
  } finally {
    ended.abort('the start has ended');
    await Promise.all([timer, patience]);
  }
}

async function create(start: PodStart, server: ServerFacts, signal: AbortSignal): Promise<Pod> {
  const { port, init, context } = start;
  const { config } = init;
  const request = { ...limitsOf(config), signal };
  if (config.enable_user_namespaces) await ensureNamespace(port, server, request);
  if (config.storage_pvc_ensure) {
    await ensureClaim(port, server, request);
    await start.claimExists();
  }
  const made = podManifest(server);
  const { modify_pod_hook: modify, after_pod_created_hook: after } = config;
  const manifest = modify
    ? checkedManifest(
        await hook('modify_pod_hook', () => modify(spawnerOf(start), structuredClone(made))),
        server,
      )
    : made;
  context.signal.throwIfAborted();
  const pod = await createPod(port, server, manifest, request);
  await start.podMade(pod);
  signal.throwIfAborted();
  await makeBelongings(port, server, pod, request);
  if (after) await hook('after_pod_created_hook', () => after(spawnerOf(start), pod));
  return pod;
}

async function factsOf(start: PodStart): Promise<ServerFacts> {
  const { init, identity, context } = start;
  const { config } = init;
  const port = config.port || DEFAULT_PORT;
  const settled = await hook('uid, gid or a security context', () => settle(config, spawnerOf(start)));
  return {
    config,
    settled,
    owner: identity.owner,
    names: identity.names,
    fields: identity.fields,
    environment: context.environment({ host: config.ip, port }),
    port,
    spawnId: context.spawnId,
    ...(config.api_token_in_secret && { tokenSecret: identity.names.secretName }),
  };
}

/** Hooks get the whole pod, not what the cache keeps of it. */
async function located(start: PodStart, server: ServerFacts, pod: Pod): Promise<ServerAddress> {
  const { config } = start.init;
  const { names, fields } = server;
  const { namespace, podName: name } = names;
  const whole = config.get_pod_url ? await start.port.kube.read<Pod>(PODS, { namespace, name }) : pod;
  return hook('get_pod_url', () => addressOf(whole, { config, names, fields, spawner: spawnerOf(start) }));
}

/** The spawner that hooks see: its settings and the names of its objects. */
function spawnerOf({ init, identity, context }: PodStart): object {
  const { namespace, podName, dnsName, secretName, claimName } = identity.names;
  return {
    ...init.view,
    ...init.config,
    user_options: context.userOptions,
    namespace,
    pod_name: podName,
    dns_name: dnsName,
    secret_name: secretName,
    pvc_name: claimName,
  };
}

async function hook<T>(name: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw hookFault(name, error);
  }
}
