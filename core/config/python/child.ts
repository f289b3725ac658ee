/**
 * The child process that executes a configuration: `python3` of PATH with the driver beside this file. Bounds its
 * time, its answer and what is kept of its output; the driver bounds its memory. Nobody outlives the wait: the
 * child is a process group of its own, which ends at the limit, and which ends itself when we are gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { packageRoot } from '../../package-root.js';
import { JUPYTERHUB_VERSION } from '../../version.js';

export interface ChildLimits {
  readonly milliseconds: number;
  readonly answerBytes: number;
  /** Of standard output and standard error together; what is more is read and dropped. */
  readonly outputBytes: number;
}

export const LIMITS: ChildLimits = {
  milliseconds: 30_000,
  answerBytes: 9 * 1024 * 1024,
  outputBytes: 64 * 1024,
};

export type ChildEnd =
  | { readonly kind: 'answer'; readonly text: string; readonly output: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unstartable'; readonly why: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'too-large' }
  /** It ended without an answer: `how` names its exit code or signal. */
  | { readonly kind: 'died'; readonly how: string; readonly output: string };

/** How long a finished child's pipes may stay open, held by something that it started. */
const GRACE_MS = 1000;

export function runDriver(
  path: string,
  surroundings: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
  limits: ChildLimits = LIMITS,
): Promise<ChildEnd> {
  const driver = join(packageRoot(), 'core/config/python/driver/anteroom_driver.py');
  const child = spawn('python3', [driver, path, JUPYTERHUB_VERSION], {
    cwd: surroundings.cwd,
    env: surroundings.env,
    // a group of its own, so that what it started ends with it
    detached: true,
    // 3: the answer; 4: ends with us
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve) => new Wait(child, limits, resolve));
}

/** From the start of the child to its end, its limit or its failure, whichever comes first. */
class Wait {
  readonly #child: ChildProcess;
  readonly #done: (end: ChildEnd) => void;
  readonly #answer: Bounded;
  readonly #output: Bounded;
  readonly #pipes: readonly (Readable | Writable)[];
  readonly #limit: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, limits: ChildLimits, done: (end: ChildEnd) => void) {
    this.#child = child;
    this.#done = done;
    this.#answer = new Bounded(limits.answerBytes);
    this.#output = new Bounded(limits.outputBytes);
    this.#pipes = child.stdio.filter((pipe) => pipe !== null && pipe !== undefined);
    this.#limit = setTimeout(() => this.#kill({ kind: 'too-long' }), limits.milliseconds);
    // a pipe whose other end is gone says so here as well; the exit tells the rest
    for (const pipe of this.#pipes) pipe.on('error', () => undefined);
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      if (!this.#answer.add(chunk)) this.#kill({ kind: 'too-large' });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#output.add(chunk));
    child.on('error', (error: NodeJS.ErrnoException) =>
      this.#end(error.code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unstartable', why: error.message }),
    );
    child.on('exit', (code, signal) => {
      this.#grace = setTimeout(() => this.#finish(code, signal), GRACE_MS);
    });
    child.on('close', (code, signal) => this.#finish(code, signal));
  }

  #finish(code: number | null, signal: string | null): void {
    const output = this.#output.text;
    if (code === 0 && this.#answer.text !== '') {
      this.#end({ kind: 'answer', text: this.#answer.text, output });
    } else this.#end({ kind: 'died', how: signal ?? `exit code ${code}`, output });
  }

  #kill(end: ChildEnd): void {
    killGroup(this.#child);
    this.#end(end);
  }

  /** What comes later than the first end finds a promise that is settled. */
  #end(end: ChildEnd): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#grace);
    for (const pipe of this.#pipes) pipe.destroy();
    this.#done(end);
  }
}

/** Keeps the first bytes. */
class Bounded {
  readonly #chunks: Buffer[] = [];
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  /** @returns whether all of it was kept */
  add(chunk: Buffer): boolean {
    const kept = chunk.subarray(0, this.#room);
    this.#room -= kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
    return kept.length === chunk.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // ended by itself meanwhile
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
