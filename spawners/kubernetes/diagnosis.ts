/** What a pod's state means: it runs, is to be waited for, or has failed, and why in words. Pure. */
import { Fault } from '../../core/fault.js';
import type { ContainerStatus, ContainerTerminated, KubeEvent, Pod } from '../../kube/objects.js';
import { CONTAINER_NAME } from './manifests/container.js';

export type Verdict =
  | { readonly kind: 'running' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** No later attempt of the cluster can end otherwise. */
const HOPELESS_IMAGES = new Set(['InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError']);
const IMAGE_TROUBLE = new Set(['ErrImagePull', 'ImagePullBackOff', ...HOPELESS_IMAGES]);

/** As KubeSpawner 7.1 `is_pod_running`, and failing at once where it would wait for its timeout. */
export function judge(pod: Pod): Verdict {
  const { status, metadata } = pod;
  if (metadata.deletionTimestamp) return failed(lost('it is being deleted'));
  const crash = crashOf(pod);
  if (crash) return failed(crash);
  const hopeless = statuses(pod).find((each) => HOPELESS_IMAGES.has(each.state?.waiting?.reason ?? ''));
  if (hopeless) return failed(imageFault(waitingDetail(hopeless)));
  const containers = status?.containerStatuses ?? [];
  const ready = containers.length > 0 && containers.every((each) => each.ready);
  return status?.phase === 'Running' && status.podIP !== undefined && ready
    ? { kind: 'running' }
    : { kind: 'waiting' };
}

function failed(fault: Fault): Verdict {
  return { kind: 'failed', fault };
}

export function lost(detail: string): Fault {
  return new Fault('SPAWN_POD_LOST', 'The pod of your server was removed while it started. Start it again.', {
    reason: 'pod-lost',
    detail,
  });
}

function statuses({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** A container that ended and that it is no use to try again; one that has been and runs by now is none. */
function crashOf(pod: Pod): Fault | undefined {
  const { status } = pod;
  for (const container of statuses(pod)) {
    const now = container.state?.terminated;
    if (now && isOutOfMemory(now)) return endedFault(container.name, now);
    const before = container.lastState?.terminated;
    const looping = container.state?.waiting?.reason === 'CrashLoopBackOff';
    if (looping && before) return endedFault(container.name, before);
  }
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') {
    const server = statuses(pod).find((each) => each.name === CONTAINER_NAME);
    const ended = server?.state?.terminated;
    return ended ? endedFault(CONTAINER_NAME, ended) : evicted(pod);
  }
  return undefined;
}

function isOutOfMemory(ended: ContainerTerminated): boolean {
  return ended.reason === 'OOMKilled';
}

function endedFault(container: string, ended: ContainerTerminated): Fault {
  const detail = `container ${container} ended with status ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}${ended.message ? `: ${ended.message}` : ''}`;
  if (isOutOfMemory(ended))
    return new Fault(
      'SPAWN_OUT_OF_MEMORY',
      'Your server used more memory than it may and was ended. Choose a larger one, or ask your administrator.',
      { reason: 'out-of-memory', detail },
    );
  const what = container === CONTAINER_NAME ? 'Your server' : `A part of your server (${container})`;
  return new Fault('SPAWN_CRASHED', `${what} ended with status ${ended.exitCode} right after its start.`, {
    reason: 'crashed',
    detail,
  });
}

function evicted({ status }: Pod): Fault {
  const detail = `pod ${status?.phase}: ${status?.reason ?? ''} ${status?.message ?? ''}`;
  return new Fault('SPAWN_POD_LOST', 'The cluster ended the pod of your server. Start it again.', {
    reason: 'pod-lost',
    detail,
  });
}

function imageFault(detail: string): Fault {
  return new Fault(
    'SPAWN_IMAGE',
    'The image of your server cannot be fetched. Choose another one, or ask your administrator.',
    { reason: 'image', detail },
  );
}

function waitingDetail({ name, state }: ContainerStatus): string {
  return `${name}: ${state?.waiting?.reason}: ${state?.waiting?.message ?? ''}`;
}

/**
 * Why a pod is not running when its time is over.
 * @param events about it, the oldest first
 */
export function whyLate(pod: Pod | undefined, events: readonly KubeEvent[]): Fault {
  if (!pod)
    return new Fault(
      'SPAWN_POD_LOST',
      'The cluster did not make the pod of your server.',
      timedOut('it does not exist'),
    );
  const verdict = judge(pod);
  if (verdict.kind === 'failed') return verdict.fault;
  return (
    unscheduled(pod) ??
    unmounted(events) ??
    notMade(pod) ??
    notFetched(events) ??
    notReady(pod, events) ??
    slow(pod, events)
  );
}

function unscheduled({ status }: Pod): Fault | undefined {
  const condition = status?.conditions?.find((each) => each.type === 'PodScheduled');
  if (condition?.status !== 'False') return undefined;
  const detail = `${condition.reason}: ${condition.message ?? ''}`;
  if (/persistentvolumeclaim/i.test(condition.message ?? ''))
    return new Fault(
      'SPAWN_VOLUME',
      'The storage of your server is not there yet. Try again, or ask your administrator.',
      timedOut(detail),
    );
  return new Fault(
    'SPAWN_NO_ROOM',
    'No node of the cluster has room for your server. Try again later, or choose a smaller one.',
    timedOut(detail),
  );
}

function unmounted(events: readonly KubeEvent[]): Fault | undefined {
  const last = events.findLast((each) => /^Failed(Mount|AttachVolume|MapVolume)$/.test(each.reason ?? ''));
  if (!last || events.some((each) => each.reason === 'Started')) return undefined;
  return new Fault(
    'SPAWN_VOLUME',
    'The storage of your server could not be mounted.',
    timedOut(last.message ?? ''),
  );
}

function notMade(pod: Pod): Fault | undefined {
  for (const container of statuses(pod)) {
    const waiting = container.state?.waiting;
    if (!waiting?.reason) continue;
    if (IMAGE_TROUBLE.has(waiting.reason)) return imageFault(waitingDetail(container));
    if (/^Create(Container|Pod).*Error$|^RunContainerError$/.test(waiting.reason))
      return new Fault(
        'SPAWN_CONTAINER',
        'The container of your server could not be made.',
        timedOut(waitingDetail(container)),
      );
  }
  return undefined;
}

/** Between two attempts the pod itself says nothing. */
function notFetched(events: readonly KubeEvent[]): Fault | undefined {
  const failedPull = events.findLast((each) => /^Failed to pull image/.test(each.message ?? ''));
  if (!failedPull || events.some((each) => each.reason === 'Pulled')) return undefined;
  return imageFault(failedPull.message ?? '');
}

function notReady({ status }: Pod, events: readonly KubeEvent[]): Fault | undefined {
  const unready = status?.containerStatuses?.find((each) => each.state?.running && !each.ready);
  if (!unready) return undefined;
  const probe = events.findLast((each) => each.reason === 'Unhealthy');
  return new Fault(
    'SPAWN_PROBE',
    'Your server runs but does not pass its health check.',
    timedOut(`${unready.name}: ${probe?.message ?? 'not ready'}`),
  );
}

function slow({ status }: Pod, events: readonly KubeEvent[]): Fault {
  const last = events.at(-1);
  const detail = `pod ${status?.phase ?? 'without a state'}${last ? `; last event ${last.reason}: ${last.message}` : ''}`;
  if (last?.reason === 'Pulling')
    return new Fault(
      'SPAWN_TIMEOUT',
      'The image of your server is still being fetched. Try again in a few minutes.',
      timedOut(detail),
    );
  return new Fault('SPAWN_TIMEOUT', 'The server took too long to start.', timedOut(detail));
}

/** For faults of a start whose time is over. */
function timedOut(detail: string) {
  return { reason: 'timeout', detail };
}

/** Exit status of a pod that is not running any more; `undefined` while it may run (KubeSpawner 7.1 `poll`). */
export function exitStatusOf({ status }: Pod): number | undefined {
  if (status?.phase === undefined || status.phase === 'Pending') return undefined;
  const containers = status.containerStatuses;
  if (!containers) return 1;
  const ended = containers.find((each) => each.name === CONTAINER_NAME)?.state?.terminated?.exitCode;
  // an evicted pod may tell no end of its container
  return ended ?? (status.phase === 'Failed' ? 1 : undefined);
}
