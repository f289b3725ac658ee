/** The pod of a server (kubespawner/objects.py 7.1 `make_pod`). */

import type { JsonObject } from '../../../core/model/json.js';
import type { Manifest } from '../../../kube/objects.js';
import { expandAll } from '../names/names.js';
import { affinityOf } from './affinity.js';
import { CERTIFICATE_VOLUME, serverContainer } from './container.js';
import { eachInOwnNames, inOwnNames, type ModelName, withChanges } from './fields.js';
import { podAnnotations, podLabels } from './metadata.js';
import { podSecurity } from './security.js';
import { inOrder, type ServerFacts } from './server.js';

/** Of a Secret's files, as KubeSpawner mounts its certificates. */
const CERTIFICATE_MODE = 0o777;

/** @throws Fault `SPAWN_MANIFEST` or `SPAWN_TEMPLATE` naming the setting */
export function podManifest(server: ServerFacts): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: server.names.podName,
      labels: podLabels(server),
      annotations: podAnnotations(server),
    },
    spec: podSpec(server),
  };
}

function podSpec(server: ServerFacts): JsonObject {
  const { config, fields } = server;
  const security = podSecurity(server);
  const spec: JsonObject = {
    restartPolicy: 'OnFailure',
    imagePullSecrets: pullSecrets(config.image_pull_secrets),
    ...(Object.keys(config.node_selector).length > 0 && { nodeSelector: config.node_selector as JsonObject }),
    ...(security && { securityContext: security }),
    ...accountOf(server),
    containers: [serverContainer(server), ...models(server, 'extra_containers', 'container')],
    ...listed('initContainers', models(server, 'init_containers', 'container')),
    ...listed('tolerations', tolerations(config)),
    volumes: volumes(server),
    ...(config.scheduler_name && { schedulerName: config.scheduler_name }),
    ...(config.priority_class_name && { priorityClassName: config.priority_class_name }),
    ...affinity(server),
  };
  return withChanges('pod.spec', spec, expandAll(config.extra_pod_config, fields), 'extra_pod_config');
}

function pullSecrets(given: ServerFacts['config']['image_pull_secrets']): readonly JsonObject[] {
  const list = typeof given === 'string' ? [given] : given;
  return list.map((secret) =>
    typeof secret === 'string' ? { name: secret } : inOwnNames('pull secret', secret, 'image_pull_secrets'),
  );
}

/** Without an account of their own pods get no token: the default account may be allowed more than users are. */
function accountOf({ config, fields }: ServerFacts): JsonObject {
  const { service_account: account, automount_service_account_token: mount } = config;
  const automount = mount ?? (account === null ? false : undefined);
  return {
    ...(account !== null && { serviceAccountName: expandAll(account, fields) as string }),
    ...(automount !== undefined && { automountServiceAccountToken: automount }),
  };
}

function models(
  { config, fields }: ServerFacts,
  trait: 'extra_containers' | 'init_containers' | 'volumes',
  model: ModelName,
): readonly JsonObject[] {
  return eachInOwnNames(model, expandAll(inOrder(config[trait]), fields) as readonly unknown[], trait);
}

/** The only such list without template fields. */
function tolerations(config: ServerFacts['config']): readonly JsonObject[] {
  return eachInOwnNames('toleration', inOrder(config.tolerations), 'tolerations');
}

function listed(field: string, items: readonly JsonObject[]): JsonObject {
  return items.length > 0 ? { [field]: items } : {};
}

function volumes(server: ServerFacts): readonly JsonObject[] {
  const own = models(server, 'volumes', 'volume');
  const { certificateSecret } = server;
  if (certificateSecret === undefined) return own;
  const secret = { secretName: certificateSecret, defaultMode: CERTIFICATE_MODE };
  return [...own, { name: CERTIFICATE_VOLUME, secret }];
}

function affinity(server: ServerFacts): JsonObject {
  const made = affinityOf(server);
  return made ? { affinity: made } : {};
}
