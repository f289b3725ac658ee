/**
 * `local-process`: each server is a process of this machine under its user's own system account.
 *
 * Owns: accounts, the launch, the process's identity, its output file, signals. Does not own: when a server
 * starts or stops, its environment beyond USER/HOME/SHELL, or whether it answers (hub/lifecycle).
 */
import { existsSync } from 'node:fs';
import { findAccount, setprivPath } from '../../core/account.js';
import { systemClock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { SpawnerKind } from '../../core/plugin/spawner.js';
import { processVariable } from '../../core/process.js';
import { SPAWN_ID } from './launch.js';
import { limitFaults, limitsOf, sweepGroups } from './limits/index.js';
import { popenOptions } from './popen.js';
import { carriers, endAll } from './processes.js';
import { ProcessSpawner, type RunAs } from './spawner.js';
import { readState } from './state.js';
import type { LocalProcessSpawnerConfig } from './traits.js';

export { limitFaults, limitsOf } from './limits/index.js';
export { ProcessSpawner, type RunAs } from './spawner.js';

export class LocalProcessSpawner extends ProcessSpawner<LocalProcessSpawnerConfig> {
  protected override async runAs(): Promise<RunAs> {
    const { name } = this.init.user;
    const account = await findAccount(name);
    if (!account) {
      throw new Fault(
        'SPAWN_NO_ACCOUNT',
        `There is no account ${JSON.stringify(name)} on the machine that runs the servers.`,
        {
          status: 400,
          reason: 'no-account',
        },
      );
    }
    const uid = process.getuid?.();
    if (uid !== 0 && uid !== account.uid) {
      throw new Fault('SPAWN_NOT_ROOT', 'The hub may not start servers under accounts other than its own.', {
        detail: `uid ${uid} cannot become ${account.name} (${account.uid}): run the hub as root or use the simple spawner`,
      });
    }
    const { home, shell } = account;
    const env = { USER: name, ...(home !== '' && { HOME: home }), ...(shell !== '' && { SHELL: shell }) };
    return { env, home: home || '/', ...(uid === 0 && { account }) };
  }
}

export const localProcess: SpawnerKind<LocalProcessSpawnerConfig> = {
  className: 'jupyterhub.spawner.LocalProcessSpawner',
  create: (init) => new LocalProcessSpawner(init),
  check: (config, { isRoot, processLimit = 0 }) => [
    ...processFaults(config),
    ...limitFaults(limitsOf(config, processLimit), isRoot),
    ...(isRoot && setprivPath() === undefined
      ? [
          "LocalProcessSpawner: the program setpriv (util-linux) is needed to change to the users' accounts and is not installed",
        ]
      : []),
  ],
  usesAccounts: true,
  limitsProcesses: true,
  spawnIdOf,
  sweepOrphans,
};

/**
 * A state that real JupyterHub rewrote holds the pid alone, though the process is one of ours and says so: without
 * its spawn id the sweep would end it.
 */
function spawnIdOf(state: JsonObject): string | undefined {
  const { spawnId, pid } = readState(state);
  return spawnId ?? (pid === undefined ? undefined : processVariable(pid, SPAWN_ID));
}

/** What every spawner of processes needs. */
export function processFaults(config: LocalProcessSpawnerConfig): readonly string[] {
  const proc = existsSync('/proc/self/stat')
    ? []
    : ['LocalProcessSpawner: processes are known by /proc, which this machine does not have'];
  return [...proc, ...popenOptions(config.popen_kwargs).faults];
}

/** Only the servers themselves and their launchers: what a user left running on purpose lives on. */
export async function sweepOrphans(known: ReadonlySet<string>, hubId: string): Promise<number> {
  const ours = (await carriers()).filter((each) => each.isServer && each.spawnId.startsWith(`${hubId}.`));
  const ended = await endAll(
    ours.filter((each) => !known.has(each.spawnId)),
    systemClock,
  );
  await sweepGroups(known, hubId, systemClock);
  return ended;
}
