/** A Secret that belongs to a pod (kubespawner/objects.py 7.1 `make_secret`; what it holds is ours). */
import type { Manifest } from '../../../kube/objects.js';
import { annotations, commonLabels, ownedByPod, SPAWN_ANNOTATION } from './metadata.js';
import type { ServerFacts } from './server.js';

/** @param contents file or key to its text */
export function secretManifest(
  server: ServerFacts,
  podUid: string,
  contents: Readonly<Record<string, string>>,
): Manifest {
  const { config, names, spawnId } = server;
  const data = Object.entries(contents).map(([key, text]) => [
    key,
    Buffer.from(text, 'utf8').toString('base64'),
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: names.secretName,
      labels: commonLabels(server, config.extra_labels),
      annotations: {
        ...annotations(server, config.extra_annotations),
        ...(spawnId && { [SPAWN_ANNOTATION]: spawnId }),
      },
      ownerReferences: [ownedByPod(names.podName, podUid)],
    },
    data: Object.fromEntries(data),
  };
}
