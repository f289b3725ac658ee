/**
 * Names of fields, as Kubernetes writes them (`mountPath`) and as Python's client does (`mount_path`): both are taken
 * at the level of an object that KubeSpawner models, none is changed below (kubespawner/utils.py 7.1 `get_k8s_model`
 * on kubernetes_asyncio 36.1, Kubernetes 1.36).
 */
import { Fault } from '../../../core/fault.js';
import type { JsonObject, JsonValue } from '../../../core/model/json.js';

const FIELDS = {
  'pod.spec': `activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy
    enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride
    imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName
    readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates
    schedulingGroup securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace
    subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes`,
  container: `args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe
    resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce
    terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir`,
  toleration: 'effect key operator tolerationSeconds value',
  volume: `awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc
    flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi name nfs persistentVolumeClaim
    photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume`,
  'volume mount': 'mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr',
  variable: 'name value valueFrom',
  'pull secret': 'name',
  lifecycle: 'postStart preStop stopSignal',
  'node selector term': 'matchExpressions matchFields',
  'preferred scheduling term': 'preference weight',
  'weighted pod affinity term': 'podAffinityTerm weight',
  'pod affinity term':
    'labelSelector matchLabelKeys mismatchLabelKeys namespaceSelector namespaces topologyKey',
} as const;

export type ModelName = keyof typeof FIELDS;

/** Names of the fields of a model. */
export function fieldsOfModel(model: ModelName): readonly string[] {
  return FIELDS[model].split(/\s+/);
}

/** What must be there; the API server asks for more, in words of its own. */
const REQUIRED: Partial<Record<ModelName, readonly string[]>> = {
  container: ['name'],
  volume: ['name'],
  'volume mount': ['name', 'mountPath'],
};

const spellings = new Map<ModelName, ReadonlyMap<string, string>>();

/** From either spelling to Kubernetes' own. */
function spellingsOf(model: ModelName): ReadonlyMap<string, string> {
  const known = spellings.get(model);
  if (known) return known;
  const names = fieldsOfModel(model);
  const made = new Map(names.flatMap((name) => [[name, name] as const, [pythonName(name), name] as const]));
  spellings.set(model, made);
  return made;
}

/** `hostIPC` is `host_ipc`, `downwardAPI` is `downward_api`. */
export function pythonName(field: string): string {
  return field
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * An object of the configuration in Kubernetes' own names; a field that is null is left out.
 * @param trait named when it is at fault
 * @throws Fault `SPAWN_MANIFEST`
 */
export function inOwnNames(model: ModelName, given: unknown, trait: string): JsonObject {
  const changes = changesOf(model, given, trait);
  const kept = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
  const missing = REQUIRED[model]?.filter((field) => kept[field] === undefined) ?? [];
  if (missing.length > 0) throw manifestFault(trait, `a ${model} needs ${missing.join(' and ')}`);
  return kept;
}

/** As `inOwnNames`, for a list. */
export function eachInOwnNames(
  model: ModelName,
  given: readonly unknown[],
  trait: string,
): readonly JsonObject[] {
  return given.map((each) => inOwnNames(model, each, trait));
}

/**
 * Replaces fields of an object; null takes one away (kubespawner/utils.py 7.1 `update_k8s_model`).
 * @throws Fault `SPAWN_MANIFEST`
 */
export function withChanges(model: ModelName, target: JsonObject, given: unknown, trait: string): JsonObject {
  const merged = { ...target, ...changesOf(model, given, trait) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

function changesOf(model: ModelName, given: unknown, trait: string): JsonObject {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw manifestFault(trait, `a ${model} must be an object`);
  const own = spellingsOf(model);
  const changes: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(given)) {
    const field = own.get(name);
    if (field === undefined) throw manifestFault(trait, `a ${model} has no field ${JSON.stringify(name)}`);
    changes[field] = (value ?? null) as JsonValue;
  }
  return changes;
}

export function manifestFault(trait: string, detail: string): Fault {
  return new Fault('SPAWN_MANIFEST', `The settings of the server are not valid: ${trait}.`, {
    detail: `KubeSpawner.${trait}: ${detail}`,
  });
}
