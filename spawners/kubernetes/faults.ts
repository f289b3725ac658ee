import { Fault, messageOf } from '../../core/fault.js';
import { KubeError } from '../../kube/error.js';

/** What a refusal of the cluster means to a user; other errors stay what they are. */
export function inWords(error: unknown): unknown {
  if (!(error instanceof KubeError)) return error;
  const options = { detail: error.message, cause: error };
  if (error.exceededQuota)
    return new Fault(
      'SPAWN_QUOTA',
      "The cluster's quota leaves no room for your server. Stop another one, or ask your administrator.",
      {
        ...options,
        status: 503,
        reason: 'quota',
      },
    );
  if (error.transient)
    return new Fault(
      'SPAWN_CLUSTER_DOWN',
      'The cluster does not answer just now. Try again in a few minutes.',
      {
        ...options,
        status: 503,
        reason: 'cluster-down',
      },
    );
  return new Fault(
    'SPAWN_CLUSTER',
    'The cluster did not accept your server. Tell your administrator what the log says.',
    { ...options, reason: 'cluster' },
  );
}

/** A hook of the configuration failed. */
export function hookFault(hook: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('SPAWN_HOOK', `A hook of the hub's configuration failed: ${hook}.`, {
    detail: `${hook}: ${messageOf(error)}`,
    cause: error,
  });
}
