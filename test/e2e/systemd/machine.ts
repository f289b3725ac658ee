/**
 * A machine that systemd has started, as a tree of processes: namespaces of its own over this machine's files, control
 * groups and network included. Nothing done there is seen outside, and it ends with its first process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../../core/package-root.js';

const SYSTEMD = '/lib/systemd/systemd';
const HERE = join(packageRoot(), 'test/e2e/systemd');
const SPACES = ['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--net', '--fork', '--kill-child'];
const BOOT_MS = 60_000;

interface Said {
  readonly status: number | null;
  /** Both of its outputs. */
  readonly text: string;
}

export interface Machine extends AsyncDisposable {
  /** A line for its shell, run by root. */
  run(line: string): Said;
  /** The same, for a line that must work. @throws Error with what it said */
  must(line: string): string;
  write(path: string, text: string): void;
  /** @returns the origin under which a port of the machine's loopback is reached from here */
  door(port: number): Promise<string>;
}

/** @returns why there can be none here; undefined when there can */
export function whyNoMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make namespaces with a systemd in them';
  if (spawnSync(SYSTEMD, ['--version']).status !== 0) return `no ${SYSTEMD} (apt-get install systemd)`;
  const group = groupFolder();
  if (group === undefined) return 'no control groups of version 2 are mounted';
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  try {
    const { status, error, stderr } = spawnSync('unshare', [...SPACES, ...bootLine(folder, '/bin/true')]);
    if (status === 0) return undefined;
    return `namespaces or mounts are refused: ${error?.message ?? stderr.toString().trim()}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function startMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  const group = join(groupFolder() ?? '', `anteroom-machine-${process.pid}`);
  mkdirSync(group);
  // The first process must be in its group before the namespace of groups is made, which begins there.
  const enter = 'echo $$ >"$1" && shift && exec unshare "$@"';
  const boot = [...SPACES, ...bootLine(folder, SYSTEMD, '--unit=basic.target', '--show-status=no')];
  const child = spawn('sh', ['-c', enter, 'sh', join(group, 'cgroup.procs'), ...boot], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const running = new RunningMachine(child, folder, group);
  try {
    await running.up();
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return running;
}

function bootLine(folder: string, ...program: readonly string[]): readonly string[] {
  return [join(HERE, 'boot.sh'), folder, packageRoot(), process.execPath, ...program];
}

/** Where this process is among the groups of version 2. */
function groupFolder(): string | undefined {
  const mounted = / (\S+) cgroup2 /.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  return mounted === undefined || own === undefined ? undefined : join(mounted, own);
}

class RunningMachine implements Machine {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #group: string;
  readonly #doors: ChildProcess[] = [];
  #said = '';
  #first = 0;

  constructor(child: ChildProcess, folder: string, group: string) {
    this.#child = child;
    this.#folder = folder;
    this.#group = group;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
  }

  async up(): Promise<void> {
    const deadline = Date.now() + BOOT_MS;
    while (Date.now() < deadline) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) break;
      this.#first = firstChildOf(this.#child.pid ?? 0);
      // Until then it is the script, and `systemctl` would ask whoever started this machine.
      if (this.#first > 0 && commandOf(this.#first) === 'systemd' && this.#isUp()) return;
      await delay(100);
    }
    const failed = this.#first > 0 ? this.run('systemctl --no-pager --failed list-units').text : '';
    throw new Error(`the machine did not come up: ${this.#said}${failed}`);
  }

  #isUp(): boolean {
    return this.run('systemctl is-system-running').text.trim() === 'running';
  }

  run(line: string): Said {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      ['--target', `${this.#first}`, '--all', '/bin/sh', '-c', line],
      { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeout: 60_000 },
    );
    return { status, text: `${stdout}${stderr}` };
  }

  must(line: string): string {
    const { status, text } = this.run(line);
    if (status !== 0) throw new Error(`${line}: ${status}: ${text}`);
    return text;
  }

  write(path: string, text: string): void {
    const { status, stderr } = spawnSync(
      'nsenter',
      [
        '--target',
        `${this.#first}`,
        '--all',
        '/bin/sh',
        '-c',
        'mkdir -p "$1" && cat >"$2"',
        'sh',
        dirname(path),
        path,
      ],
      { encoding: 'utf8', input: text },
    );
    if (status !== 0) throw new Error(`${path}: ${stderr}`);
  }

  async door(port: number): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the door has no port');
    const line = [`--net=/proc/${this.#first}/ns/net`, process.execPath, join(HERE, 'door.mjs')];
    const door = spawn('nsenter', line, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#doors.push(door);
    door.send(port, server);
    await once(door, 'message');
    server.close();
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const door of this.#doors) door.kill('SIGKILL');
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const gone = once(this.#child, 'exit');
      // With it the kernel ends every process of the machine.
      if (this.#first > 0) process.kill(this.#first, 'SIGKILL');
      else this.#child.kill('SIGKILL');
      await gone;
    }
    await removeGroup(this.#group);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function firstChildOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() || 0);
  } catch {
    return 0;
  }
}

/** Its members are dying: a group cannot be removed before the last has gone. */
async function removeGroup(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  }
  for (let tries = 100; tries > 0; tries -= 1) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === 1) throw error;
      await delay(50);
    }
  }
}
