/** The container that the server runs in (kubespawner/objects.py 7.1 `make_pod`). */
import type { JsonObject } from '../../../core/model/json.js';
import { expandAll, expandText } from '../names/names.js';
import { variablesOf } from './environment.js';
import { eachInOwnNames, inOwnNames, withChanges } from './fields.js';
import { containerSecurity } from './security.js';
import { inOrder, type ServerFacts } from './server.js';

/** NetworkPolicies of sites name it. */
export const PORT_NAME = 'notebook-port';
export const CONTAINER_NAME = 'notebook';

export function serverContainer(server: ServerFacts): JsonObject {
  const { config, fields, port } = server;
  const security = containerSecurity(server);
  const container: JsonObject = {
    name: CONTAINER_NAME,
    image: config.image,
    ...(config.image_pull_policy !== null && { imagePullPolicy: config.image_pull_policy }),
    ...(config.working_dir !== null && { workingDir: expandText(config.working_dir, fields) }),
    ports: [{ name: PORT_NAME, containerPort: port }],
    env: variablesOf(server),
    ...argumentsOf(config),
    lifecycle: inOwnNames('lifecycle', config.lifecycle_hooks, 'lifecycle_hooks'),
    resources: { requests: requests(config), limits: limits(config) },
    volumeMounts: mounts(server),
    ...(security && { securityContext: security }),
  };
  return withChanges('container', container, config.extra_container_config, 'extra_container_config');
}

/** Without `cmd` the image's own command runs, and `args` would be meant for another. */
function argumentsOf({ cmd, args }: ServerFacts['config']): JsonObject {
  return cmd !== null && cmd.length > 0 ? { args: [...cmd, ...args] } : {};
}

function requests(config: ServerFacts['config']): JsonObject {
  return {
    ...(config.cpu_guarantee && { cpu: config.cpu_guarantee }),
    ...(config.mem_guarantee && { memory: config.mem_guarantee }),
    ...(config.extra_resource_guarantees as JsonObject),
  };
}

function limits(config: ServerFacts['config']): JsonObject {
  return {
    ...(config.cpu_limit && { cpu: config.cpu_limit }),
    ...(config.mem_limit && { memory: config.mem_limit }),
    ...(config.extra_resource_limits as JsonObject),
  };
}

function mounts({ config, fields, certificateSecret }: ServerFacts): readonly JsonObject[] {
  const given = expandAll(inOrder(config.volume_mounts), fields) as readonly unknown[];
  const own = eachInOwnNames('volume mount', given, 'volume_mounts');
  if (certificateSecret === undefined) return own;
  return [...own, { name: CERTIFICATE_VOLUME, mountPath: config.secret_mount_path }];
}

export const CERTIFICATE_VOLUME = 'jupyterhub-internal-certs';
