import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.js';
import { baseFor } from './base.js';
import { groupsFor, isGroupOf, makeGroup } from './group.js';
import {
  encloseFor,
  limitFaults,
  limitsOf,
  makeGroups,
  ownGroups,
  removeGroups,
  sweepGroups,
} from './index.js';
import { type Layout, readLayout } from './layout.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIMITS = { memoryBytes: 64 * 1024 ** 2, cpuCores: 0.5, processes: 40 };

describe('where control groups are', () => {
  it('on a machine with version 1 and version 2 side by side', () => {
    const layout = readLayout(
      '9:name=systemd:/\n8:pids:/\n4:memory:/jobs/one\n2:cpu,cpuacct:/\n0::/\n',
      [
        '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
        '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
        '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
        '39 31 0:36 / /sys/fs/cgroup/pids\\040here rw shared:9 - cgroup cgroup rw,pids',
        '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate',
      ].join('\n'),
    );
    expect(layout.get('memory')).toEqual({
      version: 1,
      own: '/sys/fs/cgroup/memory/jobs/one',
      mount: '/sys/fs/cgroup/memory',
    });
    expect(layout.get('cpu')?.own).toBe('/sys/fs/cgroup/cpu,cpuacct');
    expect(layout.get('pids')?.own).toBe('/sys/fs/cgroup/pids here');
    expect(layout.get('unified')?.version).toBe(2);
  });

  it('on one with version 2 alone, and in a container that sees a part', () => {
    const mount = '24 21 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
    const layout = readLayout('0::/system.slice/anteroom.service\n', mount);
    expect([...layout]).toEqual([
      [
        'unified',
        { version: 2, own: '/sys/fs/cgroup/system.slice/anteroom.service', mount: '/sys/fs/cgroup' },
      ],
    ]);
    const bound = readLayout(
      '0::/docker/abc\n',
      '24 21 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw',
    );
    expect(bound.get('unified')?.own).toBe('/sys/fs/cgroup');
    expect(readLayout('0::/../other\n', mount).get('unified')).toBeUndefined();
  });

  it('nowhere is said in words', () => {
    expect(baseFor('memory', new Map())).toContain('no control groups');
  });
});

/** The files of version 2 as ordinary files: which are written, and where, not what the kernel makes of them. */
function pretendVersion2(name: string, files: Readonly<Record<string, string>>): Layout {
  const mount = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(mount, path, '..'), { recursive: true });
    writeFileSync(join(mount, path), text);
  }
  return new Map([['unified', { version: 2, own: join(mount, 'own'), mount }]]);
}

describe('version 2', () => {
  it('on the machine itself has a folder of ours below the root, with the controller passed on', () => {
    const layout = pretendVersion2('machine', {
      'cgroup.controllers': 'cpu memory pids\n',
      'cgroup.subtree_control': 'memory\n',
      'anteroom/cgroup.subtree_control': '',
    });
    const top = join(folder, 'machine/anteroom');
    expect(baseFor('cpu', layout)).toEqual({ version: 2, folder: top });
    expect(readFileSync(join(folder, 'machine/cgroup.subtree_control'), 'utf8')).toBe('+cpu');
    expect(readFileSync(join(top, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu');
    expect(baseFor('io' as never, layout)).toContain('io is not there');
  });

  it('in a part of the tree moves the hub into a leaf first', () => {
    const layout = pretendVersion2('part', {
      'cgroup.controllers': 'cpu memory pids\n',
      'cgroup.type': 'domain\n',
      'own/cgroup.procs': '12\n',
      'own/cgroup.subtree_control': '',
      'own/hub/cgroup.procs': '',
    });
    expect(baseFor('memory', layout)).toEqual({ version: 2, folder: join(folder, 'part/own') });
    expect(readFileSync(join(folder, 'part/own/hub/cgroup.procs'), 'utf8')).toBe('12');
    expect(readFileSync(join(folder, 'part/own/cgroup.subtree_control'), 'utf8')).toBe('+memory');
    const { mount } = layout.get('unified')!;
    const moved: Layout = new Map([['unified', { version: 2, own: join(mount, 'own/hub'), mount }]]);
    expect(baseFor('memory', moved)).toEqual({ version: 2, folder: join(folder, 'part/own') });
  });

  it('holds all limits in one group, swap included', () => {
    const base = { version: 2, folder: '/sys/fs/cgroup/anteroom' } as const;
    expect(
      groupsFor(
        LIMITS,
        'h.1',
        new Map([
          ['memory', base],
          ['cpu', base],
          ['pids', base],
        ]),
      ),
    ).toEqual([
      {
        folder: '/sys/fs/cgroup/anteroom/anteroom-h.1',
        writes: [
          ['memory.max', '67108864'],
          ['cpu.max', '50000 100000'],
          ['pids.max', '40'],
        ],
        optional: [['memory.swap.max', '0']],
      },
    ]);
  });
});

describe('limits', () => {
  it('come from the settings; 0 and null are none', () => {
    expect(limitsOf({ mem_limit: 1024, cpu_limit: 1.5 }, 64)).toEqual({
      memoryBytes: 1024,
      cpuCores: 1.5,
      processes: 64,
    });
    expect(limitsOf({ mem_limit: null, cpu_limit: null }, 0)).toEqual({});
    expect(limitFaults({}, false)).toEqual([]);
    expect(encloseFor({}, 'h.1', false)).toEqual({ groups: [], prefix: [] });
  });

  it('in which no server could live are refused', () => {
    expect(limitFaults({ processes: 5 }, true)).toEqual([
      expect.stringContaining('process_limit: 5 is too small'),
    ]);
  });

  it('are removed from folders of the spawn only, whatever a database says', () => {
    expect(ownGroups(['/etc', '/sys/fs/cgroup/pids/anteroom-h.1', '/x/anteroom-h.2'], 'h.1')).toEqual([
      '/sys/fs/cgroup/pids/anteroom-h.1',
    ]);
    expect(ownGroups(['/x/anteroom-'], undefined)).toEqual([]);
    expect(isGroupOf('/x/anteroom-h_1', 'h/1')).toBe(true);
  });
});

const faults = limitFaults(LIMITS, false);
if (faults.length > 0) console.warn(`SKIPPED: limits in force: ${faults.join('; ')}`);

describe.skipIf(faults.length > 0)('limits in force', () => {
  it('hold a process from before its first step, and everything below it; the groups go with it', async () => {
    const { groups, prefix } = encloseFor(LIMITS, `t${process.pid}.1`, false);
    const folders = groups.map((group) => group.folder);
    makeGroups(groups);
    const [file = '', ...args] = [...prefix, '/bin/sh', '-c', 'sleep 60 & cat /proc/self/cgroup; wait'];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const ours = (line: string): boolean => line.includes(`/anteroom-t${process.pid}.1`);
    await expect.poll(() => said.split('\n').filter(ours).length).toBe(folders.length);
    const held = (): readonly string[] =>
      execFileSync('cat', [join(folders[0]!, 'cgroup.procs')], { encoding: 'utf8' })
        .trim()
        .split('\n');
    expect(held()).toContain(String(child.pid));
    // The shell and `sleep`, when `cat` has ended, which has been heard of before.
    await expect.poll(() => held().length).toBe(2);
    const exit = once(child, 'exit');
    await removeGroups(folders, systemClock);
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(folders.filter((each) => existsSync(each))).toEqual([]);
    await removeGroups(folders, systemClock);
  });

  it('are swept after a crash where the spawn is not known', async () => {
    const hub = `s${process.pid}`;
    const [known, unknown] = [`${hub}.1`, `${hub}.2`].map(
      (id) => encloseFor({ processes: 40 }, id, false).groups,
    );
    for (const group of [...known!, ...unknown!]) makeGroup(group);
    await sweepGroups(new Set([`${hub}.1`]), hub, systemClock);
    expect(unknown!.map((group) => existsSync(group.folder))).toEqual([false]);
    expect(known!.map((group) => existsSync(group.folder))).toEqual([true]);
    await sweepGroups(new Set(), hub, systemClock);
    expect(known!.map((group) => existsSync(group.folder))).toEqual([false]);
  });
});
