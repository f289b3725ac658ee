/**
 * What a server may use at most, as the kernel enforces it: control groups of either version, or `setrlimit` for
 * the number of processes where a user has an account of their own.
 *
 * Owns: which of them this machine offers, the groups from their making to their end. Does not own: the limits
 * themselves (`Spawner.mem_limit`, `Spawner.cpu_limit`, `Anteroom.process_limit`), the launch (../launch.ts).
 */
import { existsSync, rmdirSync } from 'node:fs';
import type { Clock } from '../../../core/clock.js';
import { Fault, messageOf } from '../../../core/fault.js';
import { type Base, baseFor, likelyFolders } from './base.js';
import {
  type Group,
  groupsFor,
  groupsIn,
  isGroupOf,
  type Limits,
  makeGroup,
  memoryKills,
  removeGroups,
} from './group.js';
import { CONTROLLERS, type Controller } from './layout.js';

export { type Limits, removeGroups } from './group.js';

/** How a server is held to its limits. */
export interface Enclosure {
  readonly groups: readonly Group[];
  /** Words to put in front of the command line, as root and before the account is taken on. */
  readonly prefix: readonly string[];
}

const SETTING: Readonly<Record<Controller, string>> = {
  memory: 'Spawner.mem_limit',
  cpu: 'Spawner.cpu_limit',
  pids: 'Anteroom.process_limit',
};

const REMEDY =
  'what makes it work: a hub that runs as root and may write to /sys/fs/cgroup (a container needs it mounted writable, with a cgroup namespace of its own; a systemd service of another account needs Delegate=yes and DelegateSubgroup=hub); or take the setting out';

/** A server of ours alone has about 15 threads; with fewer it could not start, or open a shell. */
const LEAST_PROCESSES = 32;

/** Joins the groups, then becomes the rest of its arguments (same pid). Nothing is pasted into it. */
const JOIN = `
count=$1
shift
while [ "$count" -gt 0 ]; do
  echo $$ > "$1" || exit 125
  shift
  count=$((count - 1))
done
exec "$@"
`;

/** The limits that a configuration asks for. */
export function limitsOf(
  config: { readonly mem_limit: unknown; readonly cpu_limit: unknown },
  processLimit: number,
): Limits {
  const { mem_limit: memory, cpu_limit: cpu } = config;
  return {
    ...(typeof memory === 'number' && memory > 0 && { memoryBytes: memory }),
    ...(typeof cpu === 'number' && cpu > 0 && { cpuCores: cpu }),
    ...(processLimit > 0 && { processes: processLimit }),
  };
}

/**
 * Whether this machine enforces the limits, found out by making a group as for a server.
 * @param ownAccounts every user has an account of their own
 * @returns faults in words; empty when it does
 */
export function limitFaults(limits: Limits, ownAccounts: boolean): readonly string[] {
  const faults: string[] = [];
  if (limits.processes !== undefined && limits.processes < LEAST_PROCESSES) {
    faults.push(
      `c.Anteroom.process_limit: ${limits.processes} is too small: threads count, and a server needs ${LEAST_PROCESSES} or more`,
    );
  }
  const { bases, missing } = basesFor(limits);
  for (const [controller, why] of missing) {
    if (controller === 'pids' && ownAccounts && prlimitPath() !== undefined) continue;
    faults.push(`c.${SETTING[controller]}: cannot be enforced on this machine: ${why}; ${REMEDY}`);
  }
  if (faults.length > 0) return faults;
  return tryOut(limits, bases);
}

function tryOut(limits: Limits, bases: ReadonlyMap<Controller, Base>): readonly string[] {
  for (const group of groupsFor(limits, `trial-${process.pid}`, bases)) {
    try {
      makeGroup(group);
      rmdirSync(group.folder);
    } catch (error) {
      const names = neededBy(limits)
        .map((each) => `c.${SETTING[each]}`)
        .join(', ');
      return [`${names}: cannot be enforced on this machine: ${messageOf(error)}; ${REMEDY}`];
    }
  }
  return [];
}

/**
 * How this server will be enclosed; nothing is made yet.
 * @throws Fault `SPAWN_LIMITS`
 */
export function encloseFor(limits: Limits, spawnId: string, ownAccount: boolean): Enclosure {
  const { bases, missing } = basesFor(limits);
  const groups = groupsFor(limits, spawnId, bases);
  const byRlimit = missing.has('pids') && ownAccount && prlimitPath() !== undefined;
  const impossible = [...missing].filter(([controller]) => !(controller === 'pids' && byRlimit));
  if (impossible.length > 0) {
    throw new Fault(
      'SPAWN_LIMITS',
      'Your server cannot be held to its limits on this machine, so it was not started.',
      {
        detail: impossible.map(([controller, why]) => `${SETTING[controller]}: ${why}`).join('; '),
      },
    );
  }
  const files = groups.map(({ folder }) => `${folder}/cgroup.procs`);
  const join =
    files.length > 0 ? ['/bin/sh', '-c', JOIN, 'anteroom-join', String(files.length), ...files] : [];
  const rlimit = byRlimit
    ? [prlimitPath() ?? '', `--nproc=${limits.processes}:${limits.processes}`, '--']
    : [];
  return { groups, prefix: [...join, ...rlimit] };
}

/** Removes what was made for nothing when one of them cannot be made. @throws Fault `SPAWN_LIMITS` */
export function makeGroups(groups: readonly Group[]): void {
  const made: string[] = [];
  try {
    for (const group of groups) {
      makeGroup(group);
      made.push(group.folder);
    }
  } catch (error) {
    for (const folder of made) rmdirSync(folder);
    throw new Fault(
      'SPAWN_LIMITS',
      'Your server cannot be held to its limits on this machine, so it was not started.',
      {
        detail: messageOf(error),
        cause: error,
      },
    );
  }
}

/** After a crash: ends and removes the groups of this hub's spawns that are not known. */
export async function sweepGroups(known: ReadonlySet<string>, hubId: string, clock: Clock): Promise<void> {
  const found = [...likelyFolders()].flatMap((folder) => groupsIn(folder, `${hubId}.`));
  const kept = (folder: string): boolean => [...known].some((spawnId) => isGroupOf(folder, spawnId));
  await removeGroups(
    found.filter((folder) => !kept(folder)),
    clock,
  );
}

/** What tells a user that memory was why the server ended; `undefined` when nothing was ended for it. */
export function memoryWords({ memoryBytes }: Limits, folders: readonly string[]): string | undefined {
  if (memoryBytes === undefined || memoryKills(folders) === 0) return undefined;
  const mebibytes = Math.round((memoryBytes / 1024 ** 2) * 10) / 10;
  return `Your server used more than its limit of ${mebibytes} MiB of memory and was ended.`;
}

/** Those of the folders that a state names which are the spawn's. */
export function ownGroups(folders: readonly string[], spawnId: string | undefined): readonly string[] {
  return spawnId === undefined ? [] : folders.filter((folder) => isGroupOf(folder, spawnId));
}

interface Bases {
  readonly bases: ReadonlyMap<Controller, Base>;
  /** Controllers that limits need and the machine does not offer, with the reason. */
  readonly missing: ReadonlyMap<Controller, string>;
}

function basesFor(limits: Limits): Bases {
  const bases = new Map<Controller, Base>();
  const missing = new Map<Controller, string>();
  const needed = neededBy(limits);
  for (const controller of CONTROLLERS) {
    // with any limit the number of processes is watched too: it is what stops a fork bomb from outrunning its end
    if (needed.length === 0) break;
    const base = baseFor(controller);
    if (typeof base !== 'string') {
      if (needed.includes(controller) || controller === 'pids') bases.set(controller, base);
    } else if (needed.includes(controller)) missing.set(controller, base);
  }
  return { bases, missing };
}

function neededBy(limits: Limits): readonly Controller[] {
  return [
    ...(limits.memoryBytes === undefined ? [] : (['memory'] as const)),
    ...(limits.cpuCores === undefined ? [] : (['cpu'] as const)),
    ...(limits.processes === undefined ? [] : (['pids'] as const)),
  ];
}

/** util-linux's `prlimit`, never one that a PATH happens to name. */
function prlimitPath(): string | undefined {
  return ['/usr/bin/prlimit', '/bin/prlimit', '/usr/local/bin/prlimit'].find((path) => existsSync(path));
}
