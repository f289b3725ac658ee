/** Whether a pod is there: the cache's word where it is fresh, else the cluster's own. */
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { Ref } from '../../kube/api.js';
import { isRefusal, KubeError } from '../../kube/error.js';
import type { Informer } from '../../kube/informer.js';
import type { Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import { type ClusterPort, limitsOf } from './cluster-port.js';
import { STALE_SECONDS } from './readiness.js';

const PAUSE_MS = 1_000;
const PAUSE_MOST_MS = 15_000;

export interface Looking {
  readonly log: Log;
  readonly isMine: (pod: Pod) => boolean;
  /**
   * Nothing is known of it yet: wait, however long, until the cluster answers. A refusal is no answer: an API server
   * that has just begun refuses what it allows a moment later, and a role that lost a right gets it back.
   */
  readonly patient: boolean;
}

/**
 * @returns the pod; `undefined` when it is not there; `unknown` when the cluster does not answer
 * @throws KubeError when the cluster refuses one who is not patient, the closing signal's reason
 */
export async function whenKnown(
  port: ClusterPort,
  cache: Informer<Pod>,
  ref: Ref,
  { log, isMine, patient }: Looking,
): Promise<Pod | undefined | 'unknown'> {
  const cached = cache.get(ref);
  // an absent pod is asked for: a cache may be behind by a moment
  if (cached && isMine(cached) && cache.ageSeconds < STALE_SECONDS) return cached;
  for (let pause = PAUSE_MS; ; pause = Math.min(PAUSE_MOST_MS, pause * 2)) {
    try {
      const { timeoutMs } = limitsOf(port.baseConfig);
      const found = await port.kube.find<Pod>(PODS, ref, { timeoutMs, retryForMs: 0, signal: port.closing });
      return found && isMine(found) ? found : undefined;
    } catch (error) {
      if (!(error instanceof KubeError && (error.transient || (patient && isRefusal(error))))) throw error;
      log.warn('the cluster does not say whether a pod is there', { pod: ref.name, error: messageOf(error) });
      if (!patient) return 'unknown';
    }
    await port.clock.sleep(pause, port.closing);
  }
}
