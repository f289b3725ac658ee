import * as t from '../../../core/config/traits.js';
import type { SpawnerHook } from '../../../core/plugin/spawner-traits.js';
import { mapping, maybeId, maybeText, type OfSpawner, objects } from './kinds.js';

const record = t.dict(t.anything);
type Context = Readonly<Record<string, unknown>>;

function securityContext(help: string) {
  return t.union([record, t.functionOf<OfSpawner<Context | null>>()], {}, { help });
}

/** A variable: text, a function that gives it, or an object such as `{"valueFrom": {...}}`. */
const variable = t.union(
  [
    {
      ...t.unicode(),
      parse: (value: unknown): string => {
        if (typeof value === 'number') return String(value);
        if (typeof value === 'boolean') return value ? 'True' : 'False';
        return t.unicode().parse(value);
      },
    },
    t.functionOf<SpawnerHook<string>>(),
    record,
  ],
  '',
);

/** The container that the server runs in. */
export const containerTraits = {
  cmd: t.optional(
    t.command([], {
      mayBeEmpty: true,
      help: "Arguments of the container, which come after its image's entry point. Unset: the image's own command, and `args` is left out.",
    }),
  ),
  environment: t.dict(
    variable,
    {},
    {
      secret: 'values',
      help: 'Variables of the container, stronger than all others, with template fields in their texts. A value may be a function of the spawner or an object of Kubernetes such as `{"valueFrom": ...}`.',
    },
  ),
  image: t.unicode('quay.io/jupyterhub/singleuser:latest', { help: 'Image of the container.' }),
  image_pull_policy: maybeText({
    help: 'When the image is fetched: `Always`, `IfNotPresent` or `Never`. Unset: as Kubernetes does by itself.',
  }),
  image_pull_secrets: t.union([t.list(t.union([t.unicode(), record], '')), t.unicode()], [], {
    help: 'Names of Secrets with credentials for registries, or objects with `name`.',
  }),
  working_dir: maybeText({ help: 'Directory that the server starts in, with template fields.' }),
  uid: maybeId({ help: "User id of the container's processes, or a function of the spawner." }),
  gid: maybeId({ help: "Group id of the container's processes, or a function of the spawner." }),
  fs_gid: maybeId({ help: 'Group id that owns fresh volumes of the pod, or a function of the spawner.' }),
  supplemental_gids: t.union([t.list(t.integer()), t.functionOf<OfSpawner<readonly number[] | null>>()], [], {
    help: "Further group ids of the pod's processes, or a function of the spawner.",
  }),
  privileged: t.bool(false, { help: "Give the container the rights of the node's root." }),
  allow_privilege_escalation: t.optional(
    t.bool(false, {
      help: 'Whether a process may gain more rights than its parent, e.g. by sudo. Unset: not written into the pod.',
    }),
    false,
  ),
  container_security_context: securityContext(
    "The container's `securityContext` in Kubernetes' own names, over what the settings above give; or a function of the spawner.",
  ),
  pod_security_context: securityContext(
    "The pod's `securityContext` in Kubernetes' own names, over what the settings above give; or a function of the spawner.",
  ),
  lifecycle_hooks: mapping({ help: "The container's `lifecycle`: `postStart` and `preStop`." }),
  extra_resource_guarantees: mapping({
    help: 'Further `requests` of the container, e.g. `{"nvidia.com/gpu": "1"}`.',
  }),
  extra_resource_limits: mapping({
    help: 'Further `limits` of the container, e.g. `{"nvidia.com/gpu": "1"}`.',
  }),
  volume_mounts: objects({ help: 'Where volumes are mounted, with template fields.' }),
  extra_container_config: mapping({
    help: "Fields of the container, in Kubernetes' or Python's spelling; each replaces what was there.",
  }),
  api_token_in_secret: t.bool(true, {
    help: "Ours: hand the server its API token by a Secret that belongs to the pod. False: as KubeSpawner, as plain text in the pod's manifest, which everybody who may read pods can see.",
  }),
};
