import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
}

/** A container's process, in a process group of its own, its output in a file. */
export interface Running {
  readonly exited: Promise<Exit>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** Exit status of a container that a signal ended, as the kubelet shows it: 128 + its number. */
const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** @throws Error (ENOENT, EACCES) when the program cannot be run */
export async function run(
  argv: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd: string; readonly log: string },
): Promise<Running> {
  const [program = '', ...args] = argv;
  await mkdir(dirname(options.log), { recursive: true });
  const log = await open(options.log, 'a');
  try {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        const number = signal === null ? undefined : (SIGNALS[signal] ?? 0);
        resolve(number === undefined ? { exitCode: code ?? 0 } : { exitCode: 128 + number, signal: number });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return { exited, signal: (name) => kill(child.pid, name) };
  } finally {
    await log.close();
  }
}

/** The whole group: what a container started ends with it. */
function kill(pid: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
