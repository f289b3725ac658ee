import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The end of a log: enough to say why, short enough for a test's report. */
export function tail(path: string, characters = 3000): string {
  return readFileSync(path, 'utf8').slice(-characters);
}

/**
 * Runs a program to its end, its output in a file.
 * @param limit milliseconds until it is killed
 * @throws Error with the end of the output when it fails, is missing, or takes too long
 */
export async function run(
  command: readonly [string, ...string[]],
  log: string,
  limit: number,
  options: SpawnOptions = {},
): Promise<void> {
  const child = start(command, log, options);
  const end = await Promise.race([ended(child), sleep(limit, 'too slow' as const, { ref: false })]);
  if (end === 'too slow') child.kill('SIGKILL');
  if (end !== 0) {
    const how = end === 'too slow' ? `was not done in ${limit / 1000} s` : `ended with ${end}`;
    throw new Error(`${command.join(' ')} ${how}:\n${tail(log)}`);
  }
}

/** Starts a program whose output goes to a file; it holds no pipe of ours. */
export function start(
  [program, ...args]: readonly [string, ...string[]],
  log: string,
  options: SpawnOptions = {},
): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(program, args, { ...options, stdio: ['ignore', output, output] });
    child.once('error', (error) => appendFileSync(log, `${program}: ${error.message}\n`));
    return child;
  } finally {
    closeSync(output);
  }
}

/** Exit status, name of the signal, or what kept it from starting. */
export function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(child.signalCode);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
}

/** Asks a process to end, then makes it. Resolves when it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals, grace: number): Promise<void> {
  if (child.pid === undefined) return;
  const end = ended(child);
  child.kill(signal);
  const how = await Promise.race([end, sleep(grace, 'still here' as const, { ref: false })]);
  if (how === 'still here') {
    child.kill('SIGKILL');
    await end;
  }
}

/**
 * Asks again every 100 ms until the answer is true.
 * @throws Error naming `what` when the process ended or the limit passed first
 */
export async function until(
  what: string,
  child: ChildProcess,
  log: string,
  limit: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + limit;
  const lives = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  while (lives() && Date.now() < end) {
    if (await ready()) return;
    await sleep(100);
  }
  throw new Error(`${what} was not ready within ${limit / 1000} s:\n${tail(log)}`);
}
