/** Ends pods, and knows which are ours to end. */
import { Fault } from '../../core/fault.js';
import type { Ref, RequestOptions } from '../../kube/api.js';
import { KubeError } from '../../kube/error.js';
import type { KubeObject, Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import type { ClusterPort } from './cluster-port.js';
import { HUB_LABEL, hubLabel, SPAWN_ANNOTATION } from './manifests/metadata.js';
import type { Owner } from './names/names.js';

const LOOK_MS = 5_000;

export function spawnIdOf(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[SPAWN_ANNOTATION];
}

/**
 * Whether an object belongs to that server: it says so itself, and no other hub's mark is on it. What KubeSpawner made
 * has no such mark.
 */
export function belongsTo(object: KubeObject, owner: Owner, spawnId: string): boolean {
  const { annotations = {}, labels = {} } = object.metadata;
  const hub = labels[HUB_LABEL] ?? annotatedHub(object);
  return (
    annotations['hub.jupyter.org/username'] === owner.userName &&
    (annotations['hub.jupyter.org/servername'] ?? '') === owner.serverName &&
    (hub === undefined || hub === hubLabel(hubOf(spawnId)))
  );
}

function annotatedHub(object: KubeObject): string | undefined {
  const own = spawnIdOf(object);
  return own === undefined ? undefined : hubLabel(hubOf(own));
}

/** Spawn ids are `HUBID.UNIQUE`. */
function hubOf(spawnId: string): string {
  return spawnId.slice(0, spawnId.lastIndexOf('.'));
}

type RemovalPort = Pick<ClusterPort, 'kube' | 'clock'>;

export interface Removal extends RequestOptions {
  readonly gracePeriodSeconds: number;
  /** Only this very pod; another of the same name stays. */
  readonly uid?: string;
  /** How long the end is waited for, milliseconds. */
  readonly waitMs: number;
}

/**
 * Deletes a pod and waits until it is gone.
 * @throws KubeError, Fault `SPAWN_NEVER_DIED` when it is still there after `waitMs`
 */
export async function removePod(port: RemovalPort, ref: Ref, removal: Removal): Promise<void> {
  const { uid, gracePeriodSeconds, waitMs, ...request } = removal;
  try {
    const there = await port.kube.delete(PODS, ref, {
      ...request,
      gracePeriodSeconds,
      ...(uid !== undefined && { uid }),
    });
    if (!there) return;
  } catch (error) {
    // another pod has the name by now: ours is gone
    if (error instanceof KubeError && error.conflict && uid !== undefined) return;
    throw error;
  }
  await gone(port, ref, uid, waitMs, request);
}

async function gone(
  port: RemovalPort,
  ref: Ref,
  uid: string | undefined,
  waitMs: number,
  request: RequestOptions,
): Promise<void> {
  const end = port.clock.monotonic() + waitMs;
  for (let pause = 100; ; pause = Math.min(LOOK_MS, pause * 1.5)) {
    const pod = await port.kube.find<Pod>(PODS, ref, request);
    if (!pod || (uid !== undefined && pod.metadata.uid !== uid)) return;
    if (port.clock.monotonic() >= end)
      throw new Fault('SPAWN_NEVER_DIED', 'The server did not end.', {
        detail: `pod ${ref.namespace}/${ref.name} is still there ${waitMs / 1000} s after its deletion`,
      });
    await port.clock.sleep(pause, request.signal);
  }
}
