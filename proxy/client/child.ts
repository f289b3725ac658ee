/**
 * Starting and ending the process. It gets a session of its own, no pipe and no descriptor of the hub but its log
 * file, so that neither the hub's end nor a full pipe is felt there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openAppending, trimToCap } from '../../core/capped-file.js';
import { Fault, messageOf } from '../../core/fault.js';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../core/process.js';
import type { Launch } from './command.js';

export interface Launched {
  readonly identity: ProcessIdentity;
  /** Where its lines begin in the log file, after those of earlier starts. */
  readonly logFrom: number;
}

/**
 * @returns once the process exists
 * @throws Fault PROXY_START_FAILED when the program cannot be run
 */
export async function launch(
  what: Launch,
  environment: NodeJS.ProcessEnv,
  umask: number,
  logFile: string,
): Promise<Launched> {
  const log = openLog(logFile);
  const logFrom = fstatSync(log).size;
  try {
    const child = spawnMasked(what, environment, umask, log);
    const failure = new Promise<never>((_resolve, reject) => child.once('error', reject));
    child.unref();
    if (child.pid === undefined) return await failure;
    // Later errors are those of signalling through this handle, which is not done.
    failure.catch(() => undefined);
    const identity = identifyProcess(child.pid);
    if (!identity) throw new Error('it ended at once');
    return { identity, logFrom };
  } catch (error) {
    const message = `The proxy ${what.file} cannot be started: ${messageOf(error)}`;
    throw new Fault('PROXY_START_FAILED', message, logged(logFile, logFrom));
  } finally {
    closeSync(log);
  }
}

/** Node's spawn has no umask option; forking is synchronous, so nothing else of the hub sees this one. */
function spawnMasked(what: Launch, environment: NodeJS.ProcessEnv, umask: number, log: number): ChildProcess {
  const before = process.umask(umask);
  try {
    return spawn(what.file, [...what.args], {
      detached: true,
      stdio: ['ignore', log, log],
      env: environment,
    });
  } finally {
    process.umask(before);
  }
}

/**
 * SIGTERM, twice as JupyterHub does, then SIGKILL; a second each. Resolves when the process is gone.
 * @param drainMs that the first one is given more, for what is under way
 */
export async function terminate(identity: ProcessIdentity, drainMs = 0): Promise<void> {
  for (const [signal, ms] of [
    ['SIGTERM', 1000 + drainMs],
    ['SIGTERM', 1000],
    ['SIGKILL', 1000],
  ] as const) {
    if (!isSameProcess(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    await untilGone(identity, ms);
  }
  if (isSameProcess(identity)) {
    throw new Fault('PROXY_STOP_FAILED', `The proxy, process ${identity.pid}, does not end.`);
  }
}

async function untilGone(identity: ProcessIdentity, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (isSameProcess(identity) && performance.now() < deadline) await delay(20);
}

/** Cuts the log of a proxy that does not do so itself. */
export function trimLog(logFile: string, maxBytes: number): void {
  const fd = openAppending(logFile);
  try {
    trimToCap(fd, maxBytes);
  } finally {
    closeSync(fd);
  }
}

/** The last lines since a launch, for whoever must repair the start: those before are of other starts. */
export function logged(logFile: string, from: number, bytes = 2000): { readonly detail?: string } {
  const fd = openAppending(logFile);
  try {
    const { size } = fstatSync(fd);
    // shorter than it was: cut to its newest half since
    const start = Math.max(size < from ? 0 : from, size - bytes);
    const buffer = Buffer.alloc(size - start);
    readSync(fd, buffer, 0, buffer.length, start);
    return buffer.length === 0 ? {} : { detail: buffer.toString('utf8') };
  } finally {
    closeSync(fd);
  }
}

function openLog(path: string): number {
  try {
    return openAppending(path);
  } catch (error) {
    throw new Fault('PROXY_START_FAILED', `The proxy's log file cannot be written: ${messageOf(error)}`);
  }
}
