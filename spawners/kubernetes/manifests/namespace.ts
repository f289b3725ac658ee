/** The namespace of one user (kubespawner/objects.py 7.1 `make_namespace`). */
import type { Manifest } from '../../../kube/objects.js';
import { expandAll } from '../names/names.js';
import type { ServerFacts } from './server.js';

export function namespaceManifest({ config, fields, names }: ServerFacts): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: names.namespace,
      labels: expandAll(config.user_namespace_labels, fields) as Readonly<Record<string, string>>,
      annotations: expandAll(config.user_namespace_annotations, fields) as Readonly<Record<string, string>>,
    },
  };
}
