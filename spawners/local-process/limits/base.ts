import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../../core/fault.js';
import { type Controller, type Layout, machineLayout } from './layout.js';

/** The folder in which the groups of servers are made, for one controller. */
export interface Base {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** Our groups beside systemd's, where the whole hierarchy is ours to see. */
const TOP = 'anteroom';
/** Version 2 wants processes in leaves only: the hub's own. systemd's `DelegateSubgroup=hub` makes it as well. */
const LEAF = 'hub';

/**
 * Where groups with that controller can be made; makes what leads there.
 *
 * Version 1: below the hub's own group, so that what limits the hub limits servers too. Version 2 on the machine
 * itself: `anteroom` below the root, as Docker's cgroupfs driver does, since systemd cannot start a service again in a group that has
 * groups with controllers below it. In a container, or where a part of the tree was delegated: beside the hub, which
 * moves into a leaf (kernel documentation, cgroup-v2: "no internal processes").
 *
 * @returns why there are none, in words
 */
export function baseFor(controller: Controller, layout: Layout = machineLayout()): Base | string {
  const old = layout.get(controller);
  if (old) return writable(old.own, { version: 1, folder: old.own });
  const unified = layout.get('unified');
  if (!unified) return 'this machine shows no control groups (cgroups) to the hub';
  const { mount, own } = unified;
  if (!words(join(mount, 'cgroup.controllers')).includes(controller))
    return `the controller ${controller} is not there (${mount}/cgroup.controllers)`;
  try {
    // the root of all groups has no type
    if (!existsSync(join(mount, 'cgroup.type'))) return makeTop(mount, controller);
    const folder = basename(own) === LEAF && own !== mount ? dirname(own) : own;
    if (folder === own) moveIntoLeaf(own);
    enable(folder, controller);
    return { version: 2, folder };
  } catch (error) {
    return messageOf(error);
  }
}

/** Folders in which a hub here may have made groups, now or before it was started anew. */
export function likelyFolders(layout: Layout = machineLayout()): ReadonlySet<string> {
  const places = [...layout.values()];
  return new Set(places.flatMap(({ own, mount }) => [own, dirname(own), join(mount, TOP)]));
}

function makeTop(mount: string, controller: Controller): Base {
  const folder = join(mount, TOP);
  enable(mount, controller);
  mkdirSync(folder, { recursive: true });
  enable(folder, controller);
  return { version: 2, folder };
}

function moveIntoLeaf(own: string): void {
  const leaf = join(own, LEAF);
  mkdirSync(leaf, { recursive: true });
  for (const pid of words(join(own, 'cgroup.procs'))) writeFileSync(join(leaf, 'cgroup.procs'), pid);
}

function enable(folder: string, controller: Controller): void {
  const file = join(folder, 'cgroup.subtree_control');
  if (!words(file).includes(controller)) writeFileSync(file, `+${controller}`);
}

function writable(folder: string, base: Base): Base | string {
  try {
    // root passes this on a mount that is read-only only by trying
    accessSync(folder, constants.W_OK);
    return base;
  } catch (error) {
    return messageOf(error);
  }
}

function words(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split(/\s+/)
    .filter((word) => word !== '');
}
