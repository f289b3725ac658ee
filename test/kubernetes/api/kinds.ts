import type { Naming } from './status.js';

/** One resource that the server keeps. */
export interface Kind extends Naming {
  readonly version: string;
  readonly namespaced: boolean;
  /** An orderly DELETE answers with the object rather than with a Status (registry `ReturnDeletedObject`). */
  readonly returnsDeleted: boolean;
}

function kinds(
  group: string,
  version: string,
  rows: readonly (readonly [string, string, boolean, boolean])[],
): Kind[] {
  return rows.map(([plural, kind, namespaced, returnsDeleted]) => ({
    group,
    version,
    plural,
    kind,
    namespaced,
    returnsDeleted,
  }));
}

export const KINDS: readonly Kind[] = [
  ...kinds('', 'v1', [
    ['pods', 'Pod', true, true],
    ['services', 'Service', true, true],
    ['secrets', 'Secret', true, false],
    ['configmaps', 'ConfigMap', true, false],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', true, true],
    ['events', 'Event', true, false],
    ['serviceaccounts', 'ServiceAccount', true, true],
    ['resourcequotas', 'ResourceQuota', true, true],
    ['namespaces', 'Namespace', false, false],
  ]),
  ...kinds('rbac.authorization.k8s.io', 'v1', [
    ['roles', 'Role', true, false],
    ['rolebindings', 'RoleBinding', true, false],
    ['clusterroles', 'ClusterRole', false, false],
    ['clusterrolebindings', 'ClusterRoleBinding', false, false],
  ]),
  ...kinds('apps', 'v1', [['deployments', 'Deployment', true, false]]),
  ...kinds('networking.k8s.io', 'v1', [['networkpolicies', 'NetworkPolicy', true, false]]),
  ...kinds('policy', 'v1', [['poddisruptionbudgets', 'PodDisruptionBudget', true, false]]),
];

export function kindOf(plural: string, group = ''): Kind {
  const found = KINDS.find((kind) => kind.plural === plural && kind.group === group);
  if (!found) throw new Error(`the test API server keeps no ${plural}`);
  return found;
}

export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}
