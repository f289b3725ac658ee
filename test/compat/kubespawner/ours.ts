/** What Anteroom makes of the questions that the real KubeSpawner is asked. */
import { resolve } from '../../../core/config/declare.js';
import type { ConfigTree, Setting } from '../../../core/config/tree.js';
import type { Manifest } from '../../../kube/objects.js';
import { claimManifest } from '../../../spawners/kubernetes/manifests/claim.js';
import { namespaceManifest } from '../../../spawners/kubernetes/manifests/namespace.js';
import { podManifest } from '../../../spawners/kubernetes/manifests/pod.js';
import { secretManifest } from '../../../spawners/kubernetes/manifests/secret.js';
import { DEFAULT_PORT, type ServerFacts } from '../../../spawners/kubernetes/manifests/server.js';
import { serviceManifest } from '../../../spawners/kubernetes/manifests/service.js';
import { settle } from '../../../spawners/kubernetes/manifests/settle.js';
import { addressOf } from '../../../spawners/kubernetes/names/address.js';
import { fieldsOf, namesOf } from '../../../spawners/kubernetes/names/names.js';
import { KubeSpawnerClass } from '../../../spawners/kubernetes/traits.js';
import type { Question } from './generate.js';

const POD_UID = 'uid-of-the-pod';
const HUB_NAMESPACE = 'default';

export type Manifests = Readonly<Record<string, Manifest>>;

/** Functions that JSON cannot say, made. */
function callables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(callables);
  if (typeof value !== 'object' || value === null) return value;
  if ('$call' in value) return () => value.$call;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, callables(each)]));
}

export async function factsOf(
  question: Question,
  environment: Readonly<Record<string, string>>,
): Promise<ServerFacts> {
  const settings = Object.entries(question.config).map(([name, value]): [string, readonly Setting[]] => [
    name,
    [{ kind: 'value', value: callables(value), source: 'test' }],
  ]);
  const tree: ConfigTree = new Map([['KubeSpawner', new Map(settings)]]);
  const { values: config, faults } = resolve(KubeSpawnerClass, tree);
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  const owner = { userId: question.userId, userName: question.user, serverName: question.server };
  const names = namesOf(config, owner, HUB_NAMESPACE);
  const known = { namespace: names.namespace, podName: names.podName, claimName: names.claimName };
  return {
    config,
    settled: await settle(config, {}),
    owner,
    names,
    fields: fieldsOf(owner, config.slug_scheme, HUB_NAMESPACE, known),
    environment,
    port: config.port || DEFAULT_PORT,
    ...(question.certificates && { certificateSecret: names.secretName }),
  };
}

export function manifestsOf(server: ServerFacts, question: Question): Manifests {
  const { certificates } = question;
  return {
    pod: podManifest(server),
    pvc: claimManifest(server),
    service: serviceManifest(server, POD_UID, DEFAULT_PORT),
    namespace: namespaceManifest(server),
    ...(certificates && {
      secret: secretManifest(server, POD_UID, {
        'ssl.key': certificates.key,
        'ssl.crt': certificates.certificate,
        'notebooks-ca_trust.crt': `${certificates.ca.replace(/^\n+|\n+$/g, '')}\n${certificates.hubCa}`,
      }),
    }),
  };
}

/** `host:port` under which the hub reaches a pod with that address. */
export function reachedAt(server: ServerFacts & { readonly config: object }, podIp: string): string {
  const address = addressOf(
    {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'notebook', ports: [{ name: 'notebook-port', containerPort: 8888 }] }] },
      status: { podIP: podIp },
    },
    { config: server.config, names: server.names, fields: server.fields, spawner: {} },
  );
  if (address.kind !== 'tcp') throw new Error('pods speak TCP');
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
