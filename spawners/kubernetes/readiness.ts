/** Waits until a pod runs. The cache tells first; before a start fails the cluster itself is asked. */
import type { Ref } from '../../kube/api.js';
import { KubeError } from '../../kube/error.js';
import type { Informer } from '../../kube/informer.js';
import type { Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import type { ClusterPort } from './cluster-port.js';
import { judge, lost } from './diagnosis.js';

/** A cache that has not been known to be true for that long is not relied on. */
export const STALE_SECONDS = 30;
const LOOK_MS = 10_000;

/**
 * @param pod as it was made
 * @returns the running pod
 * @throws Fault in words, the signal's reason
 */
export async function whenRunning(
  port: ClusterPort,
  cache: Informer<Pod>,
  ref: Ref,
  pod: Pod,
  signal: AbortSignal,
): Promise<Pod> {
  const uid = pod.metadata.uid;
  for (;;) {
    const seen = await decided(port, cache, ref, uid, signal);
    const current = seen ?? (await lookAt(port, cache, ref, signal));
    if (current === 'unknown') continue;
    if (!current || current.metadata.uid !== uid)
      throw lost(`pod ${ref.namespace}/${ref.name} is not there any more`);
    const verdict = judge(current);
    if (verdict.kind === 'running') return current;
    if (verdict.kind === 'failed') throw verdict.fault;
  }
}

/** The pod as soon as the cache can decide; `undefined` when the cluster itself should be asked. */
async function decided(
  port: ClusterPort,
  cache: Informer<Pod>,
  ref: Ref,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<Pod | undefined> {
  const pause = new AbortController();
  let seen = false;
  const predicate = (each: Pod | undefined): boolean => {
    if (each === undefined || each.metadata.uid !== uid) return seen; // it was there, and is gone
    seen = true;
    return judge(each).kind !== 'waiting';
  };
  const waited = cache.waitFor(ref, predicate, { signal: AbortSignal.any([signal, pause.signal]) });
  const timer = port.clock.sleep(LOOK_MS, AbortSignal.any([signal, pause.signal])).then(() => undefined);
  try {
    const found = await Promise.race([waited, timer]);
    return found?.metadata.uid === uid ? found : undefined;
  } finally {
    pause.abort('no longer waited for');
    await Promise.allSettled([waited, timer]); // both end by the abort
  }
}

/** `unknown`: the cache is fresh and has said nothing, or the cluster does not answer. */
async function lookAt(
  port: ClusterPort,
  cache: Informer<Pod>,
  ref: Ref,
  signal: AbortSignal,
): Promise<Pod | undefined | 'unknown'> {
  const cached = cache.get(ref);
  if (cache.ageSeconds < STALE_SECONDS && cached !== undefined) return cached;
  try {
    return await port.kube.find<Pod>(PODS, ref, { signal, retryForMs: 0 });
  } catch (error) {
    if (error instanceof KubeError && error.transient) return 'unknown';
    throw error;
  }
}
