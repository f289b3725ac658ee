import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** Where this process stands in a hierarchy of control groups. */
interface Place {
  readonly version: 1 | 2;
  /** Folder of the process's own group. */
  readonly own: string;
  /** Folder at which the hierarchy is mounted, as far as this process sees it. */
  readonly mount: string;
}

export type Layout = ReadonlyMap<Controller | 'unified', Place>;

/** `undefined` texts: the machine has no /proc of Linux. */
export function machineLayout(): Layout {
  return readLayout(readIfThere('/proc/self/cgroup'), readIfThere('/proc/self/mountinfo'));
}

/**
 * Controllers of version 1 each in their hierarchy, and version 2 as `unified`, whichever the machine has.
 * @param cgroup `/proc/self/cgroup` (cgroups(7)): `ID:CONTROLLERS:PATH`, version 2 is `0::PATH`
 * @param mountinfo `/proc/self/mountinfo` (proc(5)): root and mount point are fields 4 and 5
 */
export function readLayout(cgroup: string, mountinfo: string): Layout {
  const mounts = cgroupMounts(mountinfo);
  const layout = new Map<Controller | 'unified', Place>();
  for (const line of cgroup.split('\n')) {
    const [id, names = '', ...rest] = line.split(':');
    const path = rest.join(':');
    const wanted =
      id === '0' && names === ''
        ? ['unified' as const]
        : CONTROLLERS.filter((each) => names.split(',').includes(each));
    for (const name of wanted) {
      const place = mounts.map((mount) => placeIn(mount, name, path)).find((each) => each !== undefined);
      if (place) layout.set(name, place);
    }
  }
  return layout;
}

interface Mount {
  readonly version: 1 | 2;
  readonly root: string;
  readonly point: string;
  readonly controllers: readonly string[];
}

function cgroupMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, point] = left.split(' ').map(unescaped);
    const [type, , options = ''] = right.split(' ');
    if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [{ version: type === 'cgroup2' ? 2 : 1, root, point, controllers: options.split(',') } as const];
  });
}

function placeIn(mount: Mount, name: Controller | 'unified', path: string): Place | undefined {
  if (name === 'unified' ? mount.version !== 2 : mount.version !== 1 || !mount.controllers.includes(name))
    return undefined;
  const below = relative(mount.root, path);
  // outside of what the mount shows, or above the root of our namespace
  if (below.startsWith('..') || path.split('/').includes('..')) return undefined;
  return { version: mount.version, own: join(mount.point, below), mount: mount.point };
}

/** Blanks and the like are octal there. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
