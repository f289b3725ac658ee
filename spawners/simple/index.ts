/**
 * `simple`: every server runs under the hub's own account, each in a home directory of its own. For trials and
 * for one person; users are not kept apart.
 *
 * Owns: the home directories. Everything else is `local-process`'s.
 */
import type { SpawnerKind } from '../../core/plugin/spawner.js';
import {
  limitFaults,
  limitsOf,
  localProcess,
  ProcessSpawner,
  processFaults,
  type RunAs,
} from '../local-process/index.js';
import { homeOf, provideHome } from './home.js';
import type { SimpleLocalProcessSpawnerConfig } from './traits.js';

export class SimpleLocalProcessSpawner extends ProcessSpawner<SimpleLocalProcessSpawnerConfig> {
  protected override async runAs(): Promise<RunAs> {
    const home = homeOf(this.init.config.home_dir_template, this.init.user.name);
    await provideHome(home);
    return { env: { USER: this.init.user.name, HOME: home, SHELL: '/bin/bash' }, home };
  }
}

export const simple: SpawnerKind<SimpleLocalProcessSpawnerConfig> = {
  className: 'jupyterhub.spawner.SimpleLocalProcessSpawner',
  create: (init) => new SimpleLocalProcessSpawner(init),
  check: (config, { bindsLoopbackOnly, isRoot, allowSharedUid, processLimit = 0 }) => {
    const faults = [...processFaults(config), ...limitFaults(limitsOf(config, processLimit), false)];
    if (allowSharedUid) return faults;
    const remedy = 'use another spawner, or allow it with c.Anteroom.allow_shared_uid = true';
    if (isRoot) faults.push(`SimpleLocalProcessSpawner: as root, every user would be root; ${remedy}`);
    if (!bindsLoopbackOnly) {
      faults.push(
        `SimpleLocalProcessSpawner: all users would share one account on a hub that others can reach; ${remedy}`,
      );
    }
    return faults;
  },
  limitsProcesses: true,
  sharedAccount:
    'All users share one system account: each can read and change the files and processes of all others.',
  ...(localProcess.spawnIdOf && { spawnIdOf: localProcess.spawnIdOf }),
  ...(localProcess.sweepOrphans && { sweepOrphans: localProcess.sweepOrphans }),
};
