import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { LocalProcessSpawnerClass } from '../local-process/traits.js';

/** `c.SimpleLocalProcessSpawner` (jupyterhub.spawner.SimpleLocalProcessSpawner 6.1.1). */
export const SimpleLocalProcessSpawnerClass = declareClass({
  name: 'SimpleLocalProcessSpawner',
  aliases: ['simple', 'jupyterhub.spawner.SimpleLocalProcessSpawner'],
  parent: LocalProcessSpawnerClass,
  help: "Runs every server under the hub's own account, each in a directory of its own. For trials, not for strangers.",
  traits: {
    home_dir_template: t.unicode('/tmp/{username}', {
      help: 'Home directory of a server; `{username}` is filled in. Made when missing.',
    }),
  },
});

export type SimpleLocalProcessSpawnerConfig = Resolved<typeof SimpleLocalProcessSpawnerClass>;
