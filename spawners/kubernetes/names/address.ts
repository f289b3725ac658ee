/** Where a running pod's server is reached (kubespawner/spawner.py 7.1 `_get_pod_url`). */
import { Fault } from '../../../core/fault.js';
import type { ServerAddress } from '../../../core/plugin/spawner.js';
import type { Pod } from '../../../kube/objects.js';
import { PORT_NAME } from '../manifests/container.js';
import type { KubeSpawnerConfig } from '../traits.js';
import { expandText, type ObjectNames } from './names.js';
import type { Fields } from './template.js';

export interface Reachable {
  readonly config: Pick<KubeSpawnerConfig, 'services_enabled' | 'pod_connect_ip' | 'get_pod_url'>;
  readonly names: Pick<ObjectNames, 'dnsName' | 'podName'>;
  readonly fields: Fields;
  /** What hooks see. */
  readonly spawner: unknown;
}

/** @throws Fault `SPAWN_ADDRESS` when the pod has no such port, or the hook gave no URL */
export function addressOf(pod: Pod, { config, names, fields, spawner }: Reachable): ServerAddress {
  if (config.get_pod_url) return parsed(config.get_pod_url(spawner, pod));
  const port = portOf(pod);
  const own = config.services_enabled ? names.dnsName : (pod.status?.podIP ?? '');
  const host = config.pod_connect_ip === '' ? own : connectHost(config.pod_connect_ip, fields);
  if (host === '' || port === undefined)
    throw addressFault(
      port === undefined
        ? `pod ${names.podName} has no port named ${PORT_NAME}`
        : `pod ${names.podName} has no address`,
    );
  return { kind: 'tcp', proto: 'http', host, port };
}

/** The port of the container's server, whichever container has it. */
export function portOf(pod: Pod): number | undefined {
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === PORT_NAME)?.containerPort;
}

/** The text is no single slug: its labels are filled in one by one. */
function connectHost(template: string, fields: Fields): string {
  return template
    .split('.')
    .map((label) => (label.includes('{') ? expandText(label, fields) : label))
    .join('.');
}

function parsed(given: unknown): ServerAddress {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw addressFault(`get_pod_url returned ${JSON.stringify(given)}, which is no http(s) URL`);
  const proto = url.protocol === 'https:' ? 'https' : 'http';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'tcp', proto, host, port: Number(url.port) || (proto === 'https' ? 443 : 80) };
}

function addressFault(detail: string): Fault {
  return new Fault('SPAWN_ADDRESS', 'The server runs, but the hub does not know where.', { detail });
}
