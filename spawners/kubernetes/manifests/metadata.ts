/** Labels and annotations (kubespawner/spawner.py 7.1 `_build_common_labels` and its like), and what we add. */
import { JUPYTERHUB_VERSION } from '../../../core/version.js';
import type { OwnerReference } from '../../../kube/objects.js';
import { expandAll } from '../names/names.js';
import { isLabelValue, safeSlug } from '../names/slugs.js';
import type { ServerFacts } from './server.js';

/** The KubeSpawner that Anteroom matches; `test/compat/peers` installs the same. */
export const KUBESPAWNER_VERSION = '7.1.0';
/** Ours: which hub a pod belongs to, as a label to select by. */
export const HUB_LABEL = 'anteroom/hub-id';
/** Ours: which start of it. */
export const SPAWN_ANNOTATION = 'anteroom/spawn-id';

type Given = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;

/** A hub's id as a label's value. */
export function hubLabel(hubId: string): string {
  return safeSlug(hubId, isLabelValue, 63);
}

export function commonLabels({ config, owner, fields }: ServerFacts, extra: Given): Texts {
  return {
    'hub.jupyter.org/username': safeSlug(owner.userName, isLabelValue),
    ...(expandAll(extra, fields) as Texts),
    ...(config.common_labels as Texts),
  };
}

/** The labels by which a Service finds its pod. */
export function podSelector(server: ServerFacts): Texts {
  const { config, owner } = server;
  return {
    ...commonLabels(server, config.extra_labels),
    'app.kubernetes.io/component': config.component_label,
    component: config.component_label,
    'hub.jupyter.org/servername': safeSlug(owner.serverName, isLabelValue),
  };
}

export function podLabels(server: ServerFacts): Texts {
  const { spawnId } = server;
  const hub = spawnId?.slice(0, spawnId.lastIndexOf('.'));
  return { ...podSelector(server), ...(hub && { [HUB_LABEL]: hubLabel(hub) }) };
}

export function annotations({ owner, fields }: ServerFacts, extra: Given): Texts {
  return {
    'hub.jupyter.org/username': owner.userName,
    ...(owner.serverName !== '' && { 'hub.jupyter.org/servername': owner.serverName }),
    'hub.jupyter.org/kubespawner-version': KUBESPAWNER_VERSION,
    'hub.jupyter.org/jupyterhub-version': JUPYTERHUB_VERSION,
    ...(expandAll(extra, fields) as Texts),
  };
}

export function podAnnotations(server: ServerFacts): Texts {
  const { spawnId } = server;
  return {
    ...annotations(server, server.config.extra_annotations),
    ...(spawnId && { [SPAWN_ANNOTATION]: spawnId }),
  };
}

/** Makes the garbage collector delete an object together with its pod. */
export function ownedByPod(podName: string, uid: string): OwnerReference {
  return { apiVersion: 'v1', kind: 'Pod', name: podName, uid, blockOwnerDeletion: true, controller: false };
}
