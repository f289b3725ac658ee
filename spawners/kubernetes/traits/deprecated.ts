import * as t from '../../../core/config/traits.js';

/** Names of KubeSpawner before 0.10 (kubespawner/spawner.py 7.1, `_deprecated_traits`), and what replaced them. */
const RENAMED = {
  image_spec: ['image', '0.10'],
  singleuser_extra_annotations: ['extra_annotations', '0.9'],
  singleuser_extra_container_config: ['extra_container_config', '0.9'],
  singleuser_extra_containers: ['extra_containers', '0.9'],
  singleuser_extra_labels: ['extra_labels', '0.9'],
  singleuser_extra_pod_config: ['extra_pod_config', '0.9'],
  singleuser_fs_gid: ['fs_gid', '0.9'],
  singleuser_image_pull_policy: ['image_pull_policy', '0.9'],
  singleuser_image_pull_secrets: ['image_pull_secrets', '0.9'],
  singleuser_image_spec: ['image', '0.9'],
  singleuser_init_containers: ['init_containers', '0.9'],
  singleuser_node_selector: ['node_selector', '0.9'],
  singleuser_privileged: ['privileged', '0.9'],
  singleuser_service_account: ['service_account', '0.9'],
  singleuser_supplemental_gids: ['supplemental_gids', '0.9'],
  singleuser_uid: ['uid', '0.9'],
  singleuser_working_dir: ['working_dir', '0.9'],
  user_storage_access_modes: ['storage_access_modes', '0.9'],
  user_storage_capacity: ['storage_capacity', '0.9'],
  user_storage_class: ['storage_class', '0.9'],
  user_storage_extra_labels: ['storage_extra_labels', '0.9'],
  user_storage_pvc_ensure: ['storage_pvc_ensure', '0.9'],
} as const;

type FormerName = keyof typeof RENAMED;

/** From an older name to the one that a profile's override or a configuration means by it. */
export function presentName(name: string): string {
  return Object.hasOwn(RENAMED, name) ? RENAMED[name as FormerName][0] : name;
}

export const renamedTraits = Object.fromEntries(
  Object.entries(RENAMED).map(([name, [to, since]]) => [
    name,
    t.any(null, {
      help: `The former name of \`${to}\`.`,
      deprecated: {
        use: `KubeSpawner.${to}`,
        since: `KubeSpawner ${since}`,
        target: { className: 'KubeSpawner', trait: to },
      },
    }),
  ]),
) as { readonly [Name in FormerName]: t.Trait<unknown> };

export const hubConnectTraits = {
  hub_connect_ip: t.optional(
    t.unicode('', {
      help: 'Host under which pods reach the hub.',
      deprecated: {
        use: 'JupyterHub.hub_connect_ip',
        since: 'JupyterHub 0.8',
        target: { className: 'JupyterHub', trait: 'hub_connect_ip' },
      },
    }),
    '',
  ),
  hub_connect_port: t.integer(0, {
    help: 'Port under which pods reach the hub.',
    deprecated: {
      use: 'JupyterHub.hub_connect_url',
      since: 'JupyterHub 0.8',
      target: { className: 'JupyterHub', trait: 'hub_connect_port' },
    },
  }),
};
