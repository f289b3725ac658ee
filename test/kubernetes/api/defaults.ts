import type { Kind } from './kinds.js';
import { type JsonMap, listAt, mapAt, textAt } from './objects.js';

/** Fills in what a real server does and a hub can see (Kubernetes 1.36, pkg/apis/core/v1/defaults.go and admission). */
export function withDefaults(kind: Kind, object: JsonMap): JsonMap {
  switch (kind.kind) {
    case 'Pod':
      return {
        ...object,
        metadata: { ...mapAt(object, 'metadata'), generation: 1 },
        spec: podSpec(mapAt(object, 'spec')),
        status: { phase: 'Pending', qosClass: qosClass(object) },
      };
    case 'PersistentVolumeClaim':
      return { ...object, ...claim(object) };
    case 'Service':
      return { ...object, spec: serviceSpec(mapAt(object, 'spec')), status: { loadBalancer: {} } };
    case 'Secret':
      return withoutEmpty(secret(object));
    case 'ConfigMap':
      return withoutEmpty(object);
    case 'Namespace':
      return namespace(object);
    default:
      return object;
  }
}

function podSpec(spec: JsonMap): JsonMap {
  const account = textAt(spec, 'serviceAccountName') || 'default';
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    ...spec,
    serviceAccountName: account,
    serviceAccount: account,
    containers: listAt(spec, 'containers').map(container),
    ...(spec['initContainers'] === undefined
      ? {}
      : { initContainers: listAt(spec, 'initContainers').map(container) }),
  };
}

function container(given: JsonMap): JsonMap {
  const image = textAt(given, 'image');
  const tag = /[:@]([^/]*)$/.exec(image)?.[1];
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent',
    ...given,
    resources: mapAt(given, 'resources'),
    ...(given['ports'] === undefined
      ? {}
      : { ports: listAt(given, 'ports').map((port) => ({ protocol: 'TCP', ...port })) }),
  };
}

function qosClass(pod: JsonMap): string {
  const resources = listAt(mapAt(pod, 'spec'), 'containers').map((one) => mapAt(one, 'resources'));
  const none = resources.every(
    (one) => Object.keys({ ...mapAt(one, 'limits'), ...mapAt(one, 'requests') }).length === 0,
  );
  return none ? 'BestEffort' : 'Burstable';
}

function claim(object: JsonMap): JsonMap {
  const metadata = mapAt(object, 'metadata');
  const finalizers = Array.isArray(metadata['finalizers']) ? metadata['finalizers'] : [];
  return {
    metadata: { ...metadata, finalizers: [...finalizers, 'kubernetes.io/pvc-protection'] },
    spec: { volumeMode: 'Filesystem', ...mapAt(object, 'spec') },
    status: { phase: 'Pending' },
  };
}

function namespace(object: JsonMap): JsonMap {
  const metadata = mapAt(object, 'metadata');
  const labels = { ...mapAt(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata['name'] };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

/** An empty map is left out where Kubernetes' types say `omitempty`. */
function withoutEmpty(object: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) => key !== 'data' || Object.keys(mapAt({ value }, 'value')).length > 0,
    ),
  );
}

let addresses = 0;
function serviceSpec(spec: JsonMap): JsonMap {
  addresses += 1;
  const ports = listAt(spec, 'ports').map((port) => ({ protocol: 'TCP', targetPort: port['port'], ...port }));
  const ip = textAt(spec, 'clusterIP') || `10.96.${(addresses >> 8) & 255}.${addresses & 255}`;
  return { type: 'ClusterIP', sessionAffinity: 'None', ...spec, clusterIP: ip, clusterIPs: [ip], ports };
}

/** `stringData` is written only, and lands in `data`. */
function secret(object: JsonMap): JsonMap {
  const { stringData, ...rest } = object;
  const data: Record<string, string> = {};
  for (const [key, value] of Object.entries((stringData ?? {}) as JsonMap))
    data[key] = Buffer.from(String(value)).toString('base64');
  return { type: 'Opaque', ...rest, data: { ...mapAt(object, 'data'), ...data } };
}
