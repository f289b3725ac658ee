import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';
import type { ServerAddress } from '../../core/plugin/spawner.js';
import { KUBESPAWNER_VERSION } from './manifests/metadata.js';

/**
 * What the database keeps of a pod: KubeSpawner's keys (kubespawner/spawner.py 7.1 `get_state`), and below `anteroom`
 * what tells this pod from another of the same name. A real KubeSpawner reads its own keys and leaves the rest alone.
 */
export interface PodState {
  readonly podName?: string;
  readonly namespace?: string;
  readonly dnsName?: string;
  /** Only of a claim that is known to exist. */
  readonly claimName?: string;
  /** Written by KubeSpawner before 7, which named claims otherwise and did not remember them. */
  readonly legacy?: boolean;
  readonly spawnId?: string;
  readonly uid?: string;
  readonly address?: ServerAddress;
}

export function writeState(state: PodState): JsonObject {
  const { podName, namespace, dnsName, claimName, legacy, spawnId, uid, address } = state;
  const own = without({
    spawn_id: spawnId,
    pod_uid: uid,
    ...(address?.kind === 'tcp' && { proto: address.proto, host: address.host, port: address.port }),
  });
  const theirs = without({ pod_name: podName, namespace, dns_name: dnsName, pvc_name: claimName });
  if (Object.keys(own).length === 0 && Object.keys(theirs).length === 0) return {};
  return {
    ...(!legacy && { kubespawner_version: KUBESPAWNER_VERSION }),
    ...theirs,
    ...(Object.keys(own).length > 0 && { anteroom: own }),
  };
}

/** Reads what a database holds, whoever wrote it: anything of the wrong shape counts as absent. */
export function readState(json: JsonObject): PodState {
  const own = isJsonObject(json['anteroom']) ? json['anteroom'] : {};
  const address = addressIn(own);
  const known = {
    podName: text(json['pod_name']),
    namespace: text(json['namespace']),
    dnsName: text(json['dns_name']),
    claimName: text(json['pvc_name']),
    spawnId: text(own['spawn_id']),
    uid: text(own['pod_uid']),
  };
  const legacy = Object.keys(json).length > 0 && json['kubespawner_version'] === undefined;
  return { ...without(known), ...(legacy && { legacy }), ...(address && { address }) };
}

/** How the sweep knows a server's pod: by its spawn id, or by its name where KubeSpawner rewrote the state. */
export function knownAs({ spawnId, namespace, podName }: PodState): string | undefined {
  if (spawnId !== undefined || podName === undefined) return spawnId;
  return podMark(namespace ?? '', podName);
}

export function podMark(namespace: string, name: string): string {
  return `pod:${namespace}/${name}`;
}

/** The next server of that name has the same namespace and claim, and a pod of its own. */
export function keptState(json: JsonObject): JsonObject {
  const { anteroom: _own, ...kept } = json;
  return kept;
}

function addressIn({ proto, host, port }: JsonObject): ServerAddress | undefined {
  if (typeof host !== 'string' || typeof port !== 'number') return undefined;
  return { kind: 'tcp', proto: proto === 'https' ? 'https' : 'http', host, port };
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function without<T extends Readonly<Record<string, unknown>>>(
  entries: T,
): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]: Exclude<T[K], undefined>;
  };
}
