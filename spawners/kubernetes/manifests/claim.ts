/** The claim for storage (kubespawner/objects.py 7.1 `make_pvc`). */

import type { JsonObject } from '../../../core/model/json.js';
import type { Manifest } from '../../../kube/objects.js';
import { expandAll } from '../names/names.js';
import { annotations, commonLabels } from './metadata.js';
import type { ServerFacts } from './server.js';

export function claimManifest(server: ServerFacts): Manifest {
  const { config, fields, names } = server;
  const { storage_class: storageClass } = config;
  const selector = expandAll(config.storage_selector, fields) as JsonObject;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: names.claimName,
      labels: {
        ...commonLabels(server, config.storage_extra_labels),
        'app.kubernetes.io/component': config.component_label,
        component: 'singleuser-storage',
      },
      annotations: {
        ...annotations(server, config.storage_extra_annotations),
        ...(storageClass !== null && { 'volume.beta.kubernetes.io/storage-class': storageClass }),
      },
    },
    spec: {
      accessModes: config.storage_access_modes,
      resources: { requests: { storage: config.storage_capacity } },
      ...(storageClass !== null && { storageClassName: storageClass }),
      ...(Object.keys(selector).length > 0 && { selector }),
    },
  };
}
