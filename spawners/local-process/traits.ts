import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { SpawnerClass } from '../../core/plugin/spawner-traits.js';

/** `c.LocalProcessSpawner` (jupyterhub.spawner.LocalProcessSpawner 6.1.1). */
export const LocalProcessSpawnerClass = declareClass({
  name: 'LocalProcessSpawner',
  aliases: ['default', 'localprocess', 'jupyterhub.spawner.LocalProcessSpawner'],
  parent: SpawnerClass,
  help: "Runs each server as a process of this machine under its user's own account.",
  defaults: {
    env_keep: [
      'CONDA_DEFAULT_ENV',
      'CONDA_ROOT',
      'JUPYTERHUB_SINGLEUSER_APP',
      'LANG',
      'LC_ALL',
      'LD_LIBRARY_PATH',
      'PATH',
      'PYTHONPATH',
      'VIRTUAL_ENV',
    ],
  },
  traits: {
    interrupt_timeout: t.integer(30, {
      help: 'Seconds that a server gets after SIGINT before SIGTERM follows.',
    }),
    kill_timeout: t.integer(5, { help: 'Seconds that are waited after SIGKILL.' }),
    popen_kwargs: t.dict(
      t.anything,
      {},
      {
        help: 'How the process is made: `cwd` and the like. `preexec_fn` is refused: there is no such thing here.',
      },
    ),
    shell_cmd: t.command([], {
      mayBeEmpty: true,
      help: 'A shell to start the server through, e.g. `["bash", "-l", "-c"]`; the whole command is quoted into its last argument.',
    }),
    term_timeout: t.integer(30, { help: 'Seconds that a server gets after SIGTERM before SIGKILL follows.' }),
  },
  rules: ({ popen_kwargs }) =>
    'preexec_fn' in popen_kwargs
      ? [
          {
            trait: 'popen_kwargs',
            message: 'preexec_fn cannot be: there is no Python between fork and exec here; use shell_cmd',
          },
        ]
      : [],
});

export type LocalProcessSpawnerConfig = Resolved<typeof LocalProcessSpawnerClass>;
