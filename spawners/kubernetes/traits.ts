import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import { SpawnerClass } from '../../core/plugin/spawner-traits.js';
import { apiTraits } from './traits/api.js';
import { containerTraits } from './traits/container.js';
import { hubConnectTraits, renamedTraits } from './traits/deprecated.js';
import { namingTraits } from './traits/naming.js';
import { podTraits } from './traits/pod.js';
import { profileTraits } from './traits/profiles.js';
import { storageTraits } from './traits/storage.js';

/** `c.KubeSpawner` (kubespawner.KubeSpawner 7.1). */
export const KubeSpawnerClass = declareClass({
  name: 'KubeSpawner',
  aliases: ['kubespawner', 'kubernetes', 'kubespawner.KubeSpawner', 'kubespawner.spawner.KubeSpawner'],
  parent: SpawnerClass,
  help: 'Runs each server in a pod of a Kubernetes cluster.',
  defaults: { env_keep: [], ssl_alt_names_include_local: false },
  traits: {
    ...apiTraits,
    ...namingTraits,
    ...containerTraits,
    ...podTraits,
    ...storageTraits,
    ...profileTraits,
    ...hubConnectTraits,
    ...renamedTraits,
  },
  derive: ({ image_pull_secrets: secrets }) =>
    typeof secrets === 'string' ? { image_pull_secrets: secrets === '' ? [] : [{ name: secrets }] } : {},
});

export type KubeSpawnerConfig = Resolved<typeof KubeSpawnerClass>;
