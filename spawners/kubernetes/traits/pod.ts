import * as t from '../../../core/config/traits.js';
import { type Awaitable, mapping, maybeText, objects } from './kinds.js';

/** `(spawner, manifest) => manifest`: the last word on a pod. */
export type ModifyPodHook = (spawner: unknown, pod: unknown) => Awaitable<unknown>;
/** `(spawner, pod)`, with the pod as the API server made it. */
export type PodHook = (spawner: unknown, pod: unknown) => Awaitable<unknown>;
export type PodUrlHook = (spawner: unknown, pod: unknown) => string;

/** The pod around the container: where it runs and what stands beside. */
export const podTraits = {
  node_selector: mapping({ help: 'Labels that a node must have.' }),
  tolerations: objects({ help: 'Taints of nodes that pods put up with.' }),
  node_affinity_preferred: objects({ help: 'Nodes that are preferred (`PreferredSchedulingTerm`).' }),
  node_affinity_required: objects({ help: 'Nodes that are demanded (`NodeSelectorTerm`).' }),
  pod_affinity_preferred: objects({ help: 'Pods to be near by preference (`WeightedPodAffinityTerm`).' }),
  pod_affinity_required: objects({ help: 'Pods to be near (`PodAffinityTerm`).' }),
  pod_anti_affinity_preferred: objects({
    help: 'Pods to be away from by preference (`WeightedPodAffinityTerm`).',
  }),
  pod_anti_affinity_required: objects({ help: 'Pods to be away from (`PodAffinityTerm`).' }),
  scheduler_name: maybeText({ help: "Name of the scheduler. Unset: the cluster's own." }),
  priority_class_name: t.unicode('', { help: "Name of the pods' PriorityClass." }),
  service_account: maybeText({ help: 'Service account of the pods, with template fields.' }),
  automount_service_account_token: t.optional(
    t.bool(false, {
      help: "Whether pods get a token of the Kubernetes API. Unset: none, unless `service_account` is set; then as the cluster's own default.",
    }),
  ),
  volumes: objects({ help: 'Volumes of the pod, with template fields.' }),
  init_containers: objects({ help: 'Containers that run before, with template fields.' }),
  extra_containers: objects({ help: 'Containers that run beside, with template fields.' }),
  extra_pod_config: mapping({
    help: "Fields of the pod's `spec`, in Kubernetes' or Python's spelling, with template fields; each replaces what was there.",
  }),
  services_enabled: t.bool(false, {
    help: 'Make a Service in front of every pod and reach the server by its DNS name.',
  }),
  secret_mount_path: t.unicode('/etc/jupyterhub/ssl/', {
    help: 'Where certificates are mounted under internal_ssl; ends with a slash.',
  }),
  ip: t.unicode('0.0.0.0', { help: 'Address that a server binds to inside its pod.' }),
  modify_pod_hook: t.callable<ModifyPodHook>({
    help: "Called with the spawner and the pod's manifest (a plain object in Kubernetes' own names) before it is made; what it returns is made.",
  }),
  after_pod_created_hook: t.callable<PodHook>({
    help: 'Called with the spawner and the pod once it has been made. A failure ends the start and removes the pod.',
  }),
  get_pod_url: t.callable<PodUrlHook>({
    help: 'Called with the spawner and the running pod; the URL it returns is where the server is reached.',
  }),
  delete_grace_period: t.integer(1, { help: 'Seconds that a pod gets to end when its server is stopped.' }),
  delete_stopped_pods: t.bool(true, {
    help: 'Delete the pod of a server that ended by itself. False: it stays, for a look at it, until the next start.',
  }),
};
