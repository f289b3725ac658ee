/** What a server has beside its pod: a namespace and a claim before it, a Secret and a Service after. */
import { Fault } from '../../core/fault.js';
import type { RequestOptions } from '../../kube/api.js';
import { KubeError } from '../../kube/error.js';
import type { KubeObject, Manifest, Pod } from '../../kube/objects.js';
import {
  NAMESPACES,
  PERSISTENT_VOLUME_CLAIMS,
  type Resource,
  SECRETS,
  SERVICES,
} from '../../kube/resources.js';
import type { ClusterPort } from './cluster-port.js';
import { claimManifest } from './manifests/claim.js';
import { apiTokenOf, TOKEN_KEY } from './manifests/environment.js';
import { namespaceManifest } from './manifests/namespace.js';
import { secretManifest } from './manifests/secret.js';
import type { ServerFacts } from './manifests/server.js';
import { serviceManifest } from './manifests/service.js';
import { portOf } from './names/address.js';
import { belongsTo, spawnIdOf } from './removal.js';

/** It is fine when it exists; nobody's namespace is changed. */
export async function ensureNamespace(
  port: ClusterPort,
  server: ServerFacts,
  request: RequestOptions,
): Promise<void> {
  try {
    await port.kube.create(NAMESPACES, namespaceManifest(server), { ...request, isOurs: () => true });
  } catch (error) {
    if (!(error instanceof KubeError && error.alreadyExists)) throw error;
  }
}

/** Makes the claim, or finds that it exists; a quota is asked before that, so its refusal may mean the same. */
export async function ensureClaim(
  port: ClusterPort,
  server: ServerFacts,
  request: RequestOptions,
): Promise<void> {
  const manifest = inNamespace(claimManifest(server), server);
  try {
    await port.kube.create(PERSISTENT_VOLUME_CLAIMS, manifest, { ...request, isOurs: () => true });
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.alreadyExists) return;
    if (
      error.status === 403 &&
      (await claimExists(port, server.names.namespace, server.names.claimName, request))
    )
      return;
    throw error;
  }
}

export async function claimExists(
  port: ClusterPort,
  namespace: string,
  name: string,
  request: RequestOptions,
): Promise<boolean> {
  return (await port.kube.find(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, request)) !== undefined;
}

/** Secret and Service of a pod that exists; the garbage collector deletes them together with it. */
export async function makeBelongings(
  port: ClusterPort,
  server: ServerFacts,
  pod: Pod,
  request: RequestOptions,
): Promise<void> {
  const uid = pod.metadata.uid ?? '';
  const { tokenSecret, config, environment } = server;
  const secret =
    tokenSecret !== undefined &&
    replace(
      port,
      server,
      SECRETS,
      secretManifest(server, uid, { [TOKEN_KEY]: apiTokenOf(environment) }),
      request,
    );
  const service =
    config.services_enabled &&
    replace(port, server, SERVICES, serviceManifest(server, uid, portOf(pod) ?? server.port), request);
  await Promise.all([secret, service]);
}

/** Creates it; one that an earlier pod of this server left is deleted first. */
async function replace(
  port: ClusterPort,
  server: ServerFacts,
  resource: Resource,
  made: Manifest,
  request: RequestOptions,
): Promise<void> {
  const manifest = inNamespace(made, server);
  const ref = { namespace: server.names.namespace, name: manifest.metadata.name ?? '' };
  const uid = manifest.metadata.ownerReferences?.[0]?.uid;
  const isOurs = (existing: KubeObject): boolean => existing.metadata.ownerReferences?.[0]?.uid === uid;
  for (;;) {
    try {
      await port.kube.create(resource, manifest, { ...request, isOurs });
      return;
    } catch (error) {
      if (!(error instanceof KubeError && error.alreadyExists)) throw error;
    }
    const existing = await port.kube.find(resource, ref, request);
    if (existing && !belongsTo(existing, server.owner, server.spawnId ?? ''))
      throw nameTaken(resource, ref, existing);
    if (existing) await port.kube.delete(resource, ref, { ...request, ...uidOf(existing) });
    await port.clock.sleep(100, request.signal);
  }
}

function uidOf({ metadata }: KubeObject): { readonly uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid };
}

export function inNamespace(manifest: Manifest, { names }: ServerFacts): Manifest {
  return { ...manifest, metadata: { ...manifest.metadata, namespace: names.namespace } };
}

export function nameTaken(
  resource: Resource,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  existing: KubeObject,
): Fault {
  const { annotations = {} } = existing.metadata;
  const owner = annotations['hub.jupyter.org/username'];
  return new Fault(
    'SPAWN_NAME_TAKEN',
    'Something else in the cluster has the name that your server needs. Tell your administrator.',
    {
      status: 409,
      reason: 'name-taken',
      detail: `${resource.kind} ${namespace}/${name} exists and belongs to ${owner === undefined ? 'nobody that the hub knows' : JSON.stringify(owner)}${spawnIdOf(existing) === undefined ? '' : ' of another hub'}; delete it or change the name templates`,
    },
  );
}
