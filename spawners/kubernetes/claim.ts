/** Which claim a server's storage is (kubespawner/spawner.py 7.1 `_start`): its name never moves once it exists. */
import { claimExists } from './belongings.js';
import { type ClusterPort, limitsOf } from './cluster-port.js';
import type { Identity } from './identity.js';
import type { PodState } from './state.js';

export interface Claim {
  readonly name: string;
  /** Known to exist, by the state or by a look. */
  readonly exists: boolean;
}

export async function chooseClaim(
  port: ClusterPort,
  identity: Identity,
  state: PodState,
  signal: AbortSignal,
): Promise<Claim> {
  const { config, names } = identity;
  const name = names.claimName;
  if (state.claimName !== undefined && config.remember_pvc_name) return { name, exists: true };
  const upgraded = config.storage_pvc_ensure && config.handle_legacy_names && config.remember_pvc_name;
  const legacy = identity.legacyClaim();
  if (!upgraded || !state.legacy || legacy === name) return { name, exists: false };
  const request = { ...limitsOf(config), signal };
  if (await claimExists(port, names.namespace, name, request)) return { name, exists: true };
  return (await claimExists(port, names.namespace, legacy, request))
    ? { name: legacy, exists: true }
    : { name, exists: false };
}
