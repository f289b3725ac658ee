import { requireForCluster } from './target.js';

/** Stops the suite before anything runs when KUBECONFIG names a cluster and the rest is missing. */
export function setup(): void {
  requireForCluster(process.env);
}
