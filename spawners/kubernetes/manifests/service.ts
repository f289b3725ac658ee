/** The Service in front of a pod (kubespawner/objects.py 7.1 `make_service`). */
import type { Manifest } from '../../../kube/objects.js';
import { annotations, commonLabels, ownedByPod, podSelector } from './metadata.js';
import type { ServerFacts } from './server.js';

/** @param port that the pod's container listens on, as the API server has it */
export function serviceManifest(server: ServerFacts, podUid: string, port: number): Manifest {
  const { config, names } = server;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: names.podName,
      labels: commonLabels(server, config.extra_labels),
      annotations: annotations(server, config.extra_annotations),
      ownerReferences: [ownedByPod(names.podName, podUid)],
    },
    spec: {
      type: 'ClusterIP',
      ports: [{ name: 'http', port, targetPort: port }],
      selector: podSelector(server),
    },
  };
}
