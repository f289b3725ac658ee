import { messageOf } from '../../core/fault.js';
import type { Ref } from '../../kube/api.js';
import type { Pod } from '../../kube/objects.js';
import type { ClusterPort } from './cluster-port.js';
import { CONTAINER_NAME } from './manifests/container.js';

const LINES = 50;
const BYTES = 16 * 1024;

/** The last lines of the container that ended, else of the server's; why there are none, when there are none. */
export async function lastLines(port: ClusterPort, ref: Ref, pod: Pod, signal: AbortSignal): Promise<string> {
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const ended = all.find((each) => each.state?.terminated || each.lastState?.terminated);
  const container = ended?.name ?? CONTAINER_NAME;
  const started = all.some((each) => each.name === container && (each.state?.running || ended));
  if (!started) return '';
  const restarted = ended !== undefined && !ended.state?.terminated;
  try {
    return await port.kube.podLog(ref, {
      container,
      tailLines: LINES,
      limitBytes: BYTES,
      previous: restarted,
      signal,
      retryForMs: 0,
    });
  } catch (error) {
    // the role of a hub need not allow it, and the page of a failure must not fail for it
    return `(the log of the pod could not be read: ${messageOf(error)})`;
  }
}
