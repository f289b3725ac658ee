import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../../core/clock.js';
import { Fault, messageOf } from '../../../core/fault.js';
import type { Base } from './base.js';
import type { Controller } from './layout.js';

/** What a server may use at most. */
export interface Limits {
  readonly memoryBytes?: number;
  readonly cpuCores?: number;
  /** Processes and threads. */
  readonly processes?: number;
}

/** A control group to be made: its folder and what is written into its files. */
export interface Group {
  readonly folder: string;
  readonly writes: ReadonlyArray<readonly [file: string, value: string]>;
  /** Files that need not exist: swap is accounted for on some machines only. */
  readonly optional: ReadonlyArray<readonly [file: string, value: string]>;
}

const PREFIX = 'anteroom-';
const PERIOD_US = 100_000;
const LEAST_QUOTA_US = 1_000;
const ATTEMPTS = 200;
const PAUSE_MS = 25;

/** Names a group for a spawn id; found again by it. */
function groupName(spawnId: string): string {
  return `${PREFIX}${spawnId.replace(/[^A-Za-z0-9_.-]/g, '_')}`;
}

/** The groups that hold a server to its limits: one for each controller of version 1, one for all of version 2. */
export function groupsFor(
  limits: Limits,
  spawnId: string,
  bases: ReadonlyMap<Controller, Base>,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [controller, { version, folder }] of bases) {
    const path = join(folder, groupName(spawnId));
    const { writes, optional } = filesOf(controller, version, limits);
    const known = groups.get(path);
    groups.set(path, {
      folder: path,
      writes: [...(known?.writes ?? []), ...writes],
      optional: [...(known?.optional ?? []), ...optional],
    });
  }
  return [...groups.values()];
}

/** Files of both versions of cgroups (kernel documentation, cgroup-v1 and cgroup-v2). */
function filesOf(controller: Controller, version: 1 | 2, limits: Limits): Pick<Group, 'writes' | 'optional'> {
  const { memoryBytes, cpuCores, processes } = limits;
  if (controller === 'pids')
    return { writes: [['pids.max', processes === undefined ? 'max' : String(processes)]], optional: [] };
  if (controller === 'memory' && memoryBytes !== undefined) {
    const bytes = String(memoryBytes);
    return version === 2
      ? { writes: [['memory.max', bytes]], optional: [['memory.swap.max', '0']] }
      : { writes: [['memory.limit_in_bytes', bytes]], optional: [['memory.memsw.limit_in_bytes', bytes]] };
  }
  if (controller === 'cpu' && cpuCores !== undefined) {
    const quota = String(Math.max(LEAST_QUOTA_US, Math.round(cpuCores * PERIOD_US)));
    return version === 2
      ? { writes: [['cpu.max', `${quota} ${PERIOD_US}`]], optional: [] }
      : {
          writes: [
            ['cpu.cfs_period_us', String(PERIOD_US)],
            ['cpu.cfs_quota_us', quota],
          ],
          optional: [],
        };
  }
  return { writes: [], optional: [] };
}

/** Makes the group with its limits. @throws Error of the file system; what was made is removed again */
export function makeGroup(group: Group): void {
  mkdirSync(group.folder);
  try {
    for (const [file, value] of group.writes) writeFileSync(join(group.folder, file), value);
    for (const [file, value] of group.optional) writeIfThere(join(group.folder, file), value);
  } catch (error) {
    rmdirSync(group.folder);
    throw error;
  }
}

function writeIfThere(path: string, value: string): void {
  try {
    // r+: a file that is missing is not made
    writeFileSync(path, value, { flag: 'r+' });
  } catch (error) {
    passGone(error);
  }
}

/**
 * Ends every process of the groups and removes them. A fork bomb is kept from forking first.
 * @throws Fault `SPAWN_NEVER_DIED` when something survives
 */
export async function removeGroups(folders: readonly string[], clock: Clock): Promise<void> {
  const left = new Set(folders);
  for (let attempt = 0; left.size > 0 && attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await clock.sleep(PAUSE_MS);
    for (const folder of left) stopForking(folder);
    for (const folder of left) {
      killAll(folder);
      if (removed(folder)) left.delete(folder);
    }
  }
  if (left.size === 0) return;
  throw new Fault('SPAWN_NEVER_DIED', 'The server did not end.', {
    detail: `processes survive in ${[...left].join(', ')}`,
  });
}

function stopForking(folder: string): void {
  writeIfThere(join(folder, 'pids.max'), '0');
}

function killAll(folder: string): void {
  // version 2 does it at one stroke since Linux 5.14
  writeIfThere(join(folder, 'cgroup.kill'), '1');
  for (const pid of groupPids(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      passGone(error);
    }
  }
}

function groupPids(folder: string): readonly number[] {
  try {
    const text = readFileSync(join(folder, 'cgroup.procs'), 'utf8');
    // 0 is a process of another pid namespace
    return text
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch (error) {
    passGone(error);
    return [];
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw new Fault('SPAWN_LIMITS', 'What limited the server could not be removed.', {
      detail: messageOf(error),
      cause: error,
    });
  }
}

/** @throws whatever is not the end of a process, of a group, or a controller that the group has not */
function passGone(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'ENODEV') throw error;
}

/** How often the kernel ended a process of the group for want of memory; 0 where it does not say. */
export function memoryKills(folders: readonly string[]): number {
  for (const folder of folders) {
    for (const file of ['memory.events', 'memory.oom_control']) {
      const kills = /^oom_kill (\d+)$/m.exec(readIfThere(join(folder, file)));
      if (kills) return Number(kills[1]);
    }
  }
  return 0;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    passGone(error);
    return '';
  }
}

/** Groups in a folder that were made for spawn ids with that beginning. */
export function groupsIn(folder: string, beginning: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.startsWith(groupName(beginning)));
    return names.map((name) => join(folder, name));
  } catch (error) {
    passGone(error);
    return [];
  }
}

/** Whether a folder bears the name of the spawn's group: what a database says is not removed unseen. */
export function isGroupOf(folder: string, spawnId: string): boolean {
  return basename(folder) === groupName(spawnId);
}
