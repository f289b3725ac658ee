import { missingForCluster } from './target.js';

/** Stops the suite before anything runs when KUBECONFIG names a cluster and the rest is missing. */
export function setup(): void {
  const missing = missingForCluster(process.env);
  if (missing.length > 0)
    throw new Error(
      `KUBECONFIG is set, so the k8s suite runs on that cluster; it also needs:\n${missing.join('\n')}`,
    );
}
