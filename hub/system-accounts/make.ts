import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';

/** A program that makes an account may ask a directory; longer than this it hangs. */
const COMMAND_MS = 30_000;
const MAX_OUTPUT = 64 * 1024;
const KEPT_OUTPUT = 500;
/** Tries while somebody else holds the lock of the account files. */
const TRIES = 6;
const FIRST_PAUSE_MS = 200;
const LOCKED = /\block|try again later|resource temporarily/i;
/** Where programs for administrators are, whatever the hub was started with. */
const ADMIN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface Ended {
  /** 0, another status, or why it did not run to its end. */
  readonly status: number | string;
  readonly output: string;
}

/**
 * What shadow's useradd and Debian's adduser take without being forced (useradd(8), CAVEATS; NAME_REGEX of
 * adduser.conf(5)); never an option.
 */
export function isAccountName(name: string): boolean {
  return /^[a-z_][a-z0-9_-]{0,31}$/.test(name);
}

/** Whether there is such a program; one with a path is looked for there. */
export function programExists(program: string): boolean {
  return program.includes('/')
    ? existsSync(program)
    : ADMIN_PATH.split(':').some((folder) => existsSync(join(folder, program)));
}

/** The command line of `add_user_cmd` for a name (JupyterHub 6.1.1 `add_system_user`). */
export function addUserArguments(
  command: readonly string[],
  name: string,
  uid: number | undefined,
): readonly string[] {
  const filled = command.map((argument) => argument.replaceAll('USERNAME', name));
  return [...filled, ...(uid === undefined ? [] : ['--uid', String(uid)]), name];
}

/**
 * Runs it, without a shell, and again while the account files are locked by somebody else.
 * @throws Fault `ACCOUNT_MAKE`; what the program said goes to the log
 */
export async function makeAccount(argv: readonly string[], clock: Clock): Promise<void> {
  let ended = await run(argv);
  for (let tries = 1, pause = FIRST_PAUSE_MS; isLocked(ended) && tries < TRIES; tries++, pause *= 2) {
    await clock.sleep(pause);
    ended = await run(argv);
  }
  if (ended.status === 0) return;
  throw new Fault(
    'ACCOUNT_MAKE',
    'Your account on this machine could not be made. Ask your administrator, whose log says why.',
    { detail: `${argv.join(' ')}: ${ended.status}: ${ended.output.trim().slice(-KEPT_OUTPUT)}` },
  );
}

function isLocked(ended: Ended): boolean {
  return ended.status !== 0 && LOCKED.test(ended.output);
}

function run([program = '', ...args]: readonly string[]): Promise<Ended> {
  // the hub's environment holds secrets
  const env = { PATH: ADMIN_PATH, LC_ALL: 'C' };
  return new Promise((resolve) => {
    const options = { env, timeout: COMMAND_MS, maxBuffer: MAX_OUTPUT, killSignal: 'SIGKILL' as const };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (!error) resolve({ status: 0, output });
      else if (error.killed) resolve({ status: `did not end within ${COMMAND_MS / 1000} seconds`, output });
      else resolve({ status: error.code ?? error.signal ?? 'failed', output: output || error.message });
    });
    child.stdin?.end();
  });
}
