/**
 * `kubespawner`: each server is a pod of a Kubernetes cluster, as KubeSpawner 7.1 makes it.
 *
 * Owns: names, manifests, profiles, what the state of a pod means. Does not own: how the cluster is spoken to and
 * watched (kube), when a server starts or stops, or whether it answers (hub/lifecycle).
 */
import type { HousedSpawnerKind } from '../../core/plugin/spawner.js';
import { configFaults } from './check.js';
import { KubernetesHouse } from './house.js';
import { profileChoices } from './profiles/index.js';
import { keptState, knownAs, readState } from './state.js';
import type { KubeSpawnerConfig } from './traits.js';

export const kubernetes: HousedSpawnerKind<KubeSpawnerConfig> = {
  className: 'kubespawner.spawner.KubeSpawner',
  open: (init) => new KubernetesHouse(init),
  choices: profileChoices,
  keptState,
  spawnIdOf: (state) => knownAs(readState(state)),
  check: (config) => configFaults(config),
};
