import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fchownSync, fstatSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { type Account, asAccount, findAccount, setprivPath } from '../../core/account.js';
import { openAppending, readEnd, trimToCap } from '../../core/capped-file.js';
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { outputTail, TAIL_BYTES } from '../../core/output-tail.js';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../core/process.js';
import { LAUNCH_ID, LaunchRecord } from './record.js';

export interface ManagedOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** System account to become; empty: the hub's own. */
  readonly user: string;
  /** Made anew for each launch. Holds the API token: never into argv or a log. */
  environment(account: Account | undefined): Readonly<Record<string, string>>;
  /** Where its output goes (0600), cut when it outgrows `outputBytes`. */
  readonly outputFile: string;
  readonly outputBytes: number;
  readonly recordFile: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** SIGINT, SIGTERM, SIGKILL and how long each may take (LocalProcessSpawner 6.1.1), milliseconds. */
const LADDER = [
  ['SIGINT', 10_000],
  ['SIGTERM', 5_000],
  ['SIGKILL', 5_000],
] as const;
const TRIM_MS = 5_000;
/** One that lived this long has not failed at its start. */
const STEADY_MS = 60_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Of its last lines in the log, whose fields are cut at their end. */
const LOGGED_CHARACTERS = 900;

interface Child {
  readonly identity: ProcessIdentity;
  /** Its API token, which its output may name. */
  readonly secret: string;
  /** Bytes that the output file held before it. */
  readonly outputFrom: number;
  /** Exit status, negative for a signal. */
  readonly exited: Promise<number>;
}

/**
 * A service that the hub runs: a process in a session of its own, its output in a file, started again whenever it
 * ends (at once the first time, ever later while it keeps ending), stopped with the hub.
 */
export class ManagedService {
  readonly #options: ManagedOptions;
  readonly #record: LaunchRecord;
  readonly #ending = new AbortController();
  #child: Child | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #trimming: Disposable | undefined;

  constructor(options: ManagedOptions) {
    this.#options = options;
    this.#record = new LaunchRecord(options.recordFile);
  }

  /** 0 while there is no process. */
  get pid(): number {
    return this.#child?.identity.pid ?? 0;
  }

  /** Starts the process, after ending what a crashed hub left of it. @throws Fault */
  async start(): Promise<void> {
    const survivor = this.#record.survivor();
    if (survivor) {
      this.#options.log.warn('ending a service that an earlier hub left running', { pid: survivor.pid });
      await this.#end(survivor);
    }
    await this.#launch();
    this.#trimming = every(
      TRIM_MS,
      async () => this.#trim(),
      (error) =>
        this.#options.log.warn('the output of a service could not be cut', { error: messageOf(error) }),
    );
  }

  /** Resolves with the exit status when the process that runs now ends. */
  exited(): Promise<number> {
    return this.#child?.exited ?? Promise.resolve(0);
  }

  /** From now on an end is followed by another start. */
  keepAlive(): void {
    this.#keeping = this.#keep(this.#ending.signal).catch((error: unknown) => {
      this.#options.log.error('a service is no longer watched', { error: messageOf(error) });
    });
  }

  /** Resolves when the process is gone. @throws Fault when it survives SIGKILL */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#keeping;
    this.#trimming?.[Symbol.dispose]();
    const child = this.#child;
    if (child) await this.#end(child.identity);
    this.#child = undefined;
    this.#record.remove();
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const ended = new Promise<'ended'>((resolve) => signal.addEventListener('abort', () => resolve('ended')));
    for (let failures = 0; !signal.aborted; ) {
      const began = clock.monotonic();
      const status = await Promise.race([this.exited(), ended]);
      if (status === 'ended') return;
      if (this.#child) {
        const { outputFile: logFile } = this.#options;
        log.error('a service ended by itself', {
          exitStatus: status,
          output: this.#lastOutput(this.#child),
          logFile,
        });
      }
      this.#child = undefined;
      failures = clock.monotonic() - began < STEADY_MS ? failures + 1 : 0;
      const pause = failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
      const rested = await clock.sleep(pause, signal).then(
        () => true,
        () => false, // the hub ends
      );
      if (!rested) return;
      await this.#launch().catch((error: unknown) =>
        log.error('a service could not be started again', {
          error: messageOf(error),
          detail: error instanceof Fault ? error.detail : undefined,
        }),
      );
    }
  }

  async #launch(): Promise<void> {
    const { log, outputFile, recordFile: _file, ...options } = this.#options;
    const account = await accountOf(options.name, options.user);
    const launchId = randomUUID();
    const own = options.environment(account);
    const env = { ...own, [LAUNCH_ID]: launchId };
    const becomes = account !== undefined && account.uid !== process.getuid?.();
    const [file = '', ...args] = becomes ? [...asAccount(account), ...options.command] : options.command;
    if (!statSync(options.cwd, { throwIfNoEntry: false })?.isDirectory()) {
      throw notStarted(options.name, `its cwd ${options.cwd} is no directory`);
    }
    this.#record.write({ launchId });
    const output = openAppending(outputFile);
    try {
      const outputFrom = fstatSync(output).size;
      if (becomes) fchownSync(output, account.uid, account.gid);
      const child = spawn(file, args, {
        cwd: options.cwd,
        env,
        detached: true,
        stdio: ['ignore', output, output],
      });
      const secret = own['JUPYTERHUB_API_TOKEN'] ?? '';
      this.#child = { ...(await watch(child)), secret, outputFrom };
    } catch (error) {
      throw notStarted(options.name, `${file}: ${messageOf(error)}`);
    } finally {
      closeSync(output);
    }
    this.#record.write({ launchId, identity: this.#child.identity });
    log.info('started a service', { pid: this.pid });
  }

  async #end(identity: ProcessIdentity): Promise<void> {
    const { clock, name } = this.#options;
    for (const [signal, ms] of LADDER) {
      if (!isSameProcess(identity)) return;
      send(identity.pid, signal);
      const deadline = clock.monotonic() + ms;
      for (
        let pause = 10;
        isSameProcess(identity) && clock.monotonic() < deadline;
        pause = Math.min(pause * 2, 250)
      ) {
        await clock.sleep(pause);
      }
    }
    if (isSameProcess(identity)) {
      throw new Fault('SERVICE_NEVER_DIED', `The service ${name}, process ${identity.pid}, does not end.`);
    }
  }

  /** What the log may say of it; nothing when it wrote nothing. */
  #lastOutput({ secret, outputFrom }: Child): string | undefined {
    const output = openAppending(this.#options.outputFile);
    try {
      const text = outputTail(readEnd(output, outputFrom, TAIL_BYTES), LOGGED_CHARACTERS);
      return (secret === '' ? text : text.replaceAll(secret, '[token]')) || undefined;
    } finally {
      closeSync(output);
    }
  }

  #trim(): void {
    const output = openAppending(this.#options.outputFile);
    try {
      trimToCap(output, this.#options.outputBytes);
    } finally {
      closeSync(output);
    }
  }
}

async function watch(child: ChildProcess): Promise<Pick<Child, 'identity' | 'exited'>> {
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 0) : -constants.signals[signal]));
  });
  if (child.pid === undefined) await once(child, 'spawn');
  child.unref();
  // a zombie until its status is collected: what ended at once is told by `exited`
  const identity = identifyProcess(child.pid ?? 0) ?? { pid: child.pid ?? 0, startTime: '', bootId: '' };
  return { identity, exited };
}

/** @throws Fault */
async function accountOf(service: string, user: string): Promise<Account | undefined> {
  if (user === '') return undefined;
  const account = await findAccount(user);
  if (!account) throw notStarted(service, `there is no account ${JSON.stringify(user)} on this machine`);
  const uid = process.getuid?.();
  if (uid === account.uid) return account;
  if (uid !== 0) throw notStarted(service, `the hub is not root and cannot become ${user}`);
  if (setprivPath() === undefined) {
    throw notStarted(
      service,
      'the program setpriv (util-linux), which changes to its account, is not installed',
    );
  }
  return account;
}

function notStarted(name: string, why: string): Fault {
  return new Fault('SERVICE_START_FAILED', `The service ${name} cannot be started: ${why}`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
