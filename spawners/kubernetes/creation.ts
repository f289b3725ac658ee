/** Makes the pod: an earlier one of this server gives way, anybody else's stays. */
import { Fault } from '../../core/fault.js';
import type { RequestOptions } from '../../kube/api.js';
import { KubeError } from '../../kube/error.js';
import type { Manifest, Pod } from '../../kube/objects.js';
import { PODS } from '../../kube/resources.js';
import { inNamespace, nameTaken } from './belongings.js';
import type { ClusterPort } from './cluster-port.js';
import type { ServerFacts } from './manifests/server.js';
import { belongsTo, removePod, spawnIdOf } from './removal.js';

/** Of leftovers that must go before a pod can be made; another hub on the same name would go on for ever. */
const ATTEMPTS = 4;

/** @throws KubeError, Fault `SPAWN_NAME_TAKEN` */
export async function createPod(
  port: ClusterPort,
  server: ServerFacts,
  manifest: Manifest,
  request: RequestOptions,
): Promise<Pod> {
  const ref = { namespace: server.names.namespace, name: manifest.metadata.name ?? server.names.podName };
  const isOurs = (existing: Pod): boolean =>
    existing.metadata.deletionTimestamp === undefined && spawnIdOf(existing) === server.spawnId;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await port.kube.create<Pod>(PODS, inNamespace(manifest, server), { ...request, isOurs });
    } catch (error) {
      if (!(error instanceof KubeError && error.alreadyExists) || attempt >= ATTEMPTS) throw error;
    }
    const existing = await port.kube.find<Pod>(PODS, ref, request);
    if (!existing) continue;
    if (!belongsTo(existing, server.owner, server.spawnId ?? '')) throw nameTaken(PODS, ref, existing);
    const { uid } = existing.metadata;
    await removePod(port, ref, {
      ...request,
      gracePeriodSeconds: 0,
      ...(uid !== undefined && { uid }),
      waitMs: server.config.start_timeout * 1000,
    });
  }
}

/** What `modify_pod_hook` made must still be this server's pod. */
export function checkedManifest(given: unknown, server: ServerFacts): Manifest {
  const manifest = given as Partial<Manifest> | null | undefined;
  const name = manifest?.metadata?.name;
  if (typeof manifest !== 'object' || manifest === null || name !== server.names.podName)
    throw new Fault('SPAWN_HOOK', "A hook of the hub's configuration failed: modify_pod_hook.", {
      detail: `modify_pod_hook must return the pod's manifest and leave its name ${server.names.podName}; it returned ${name === undefined ? typeof given : JSON.stringify(name)}`,
    });
  return manifest as Manifest;
}
