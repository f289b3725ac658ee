import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { distScript } from '../../core/package-root.js';
import { processStat } from '../../core/process.js';
import { type Answer, type Operation, readAnswer } from './operation.js';

/** A module that asks a directory may take its time, and a wrong password costs two seconds by design. */
const LIMIT_MS = 30_000;
const READ_GRACE_MS = 1_000;
const MAX_ANSWER = 64 * 1024;
const MAX_SAID = 2_000;
/** Operations that wait for a place. */
const MAX_WAITING = 500;
/** What modules may want to know of their process, and nothing of the hub's. */
const ENVIRONMENT = ['PATH', 'LANG', 'LC_ALL', 'TZ'];

export interface PamRunnerOptions {
  /** Operations at a time. */
  readonly places: number;
  readonly log: Log;
  /** Milliseconds after which a child is killed. */
  readonly limitMs?: number;
}

/**
 * Runs PAM operations, each in a child of its own that a hung module may cost: the password goes to its stdin, never
 * into its arguments or environment.
 */
export class PamRunner implements AsyncDisposable {
  readonly #options: PamRunnerOptions;
  readonly #children = new Set<() => void>();
  readonly #waiting: Array<() => void> = [];
  #running = 0;
  #disposed = false;

  constructor(options: PamRunnerOptions) {
    this.#options = options;
  }

  /** @throws Fault `PAM_BUSY`, `PAM_TIMEOUT`, `PAM_FAILED` (503) */
  async run(operation: Operation): Promise<Answer> {
    await this.#place();
    try {
      if (this.#disposed) throw failed('the hub is ending');
      return await this.#inChild(operation);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #place(): Promise<void> {
    if (this.#running >= this.#options.places) {
      if (this.#waiting.length >= MAX_WAITING)
        throw new Fault('PAM_BUSY', 'Too many people are signing in at once. Try again in a moment.', {
          status: 503,
          headers: { 'Retry-After': '5' },
        });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }

  #inChild(operation: Operation): Promise<Answer> {
    const { log, limitMs = LIMIT_MS } = this.#options;
    const env = Object.fromEntries(
      ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [distScript('authenticators/pam/child.js')], {
        env,
        stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      });
      let answer = '';
      let said = '';
      let late = false;
      const kill = (): void => endTree(child.pid);
      const timer = setTimeout(() => {
        late = true;
        kill();
      }, limitMs);
      this.#children.add(kill);
      child.stdio[3]?.on('data', (chunk: Buffer) => {
        answer += chunk.toString('utf8');
        if (answer.length > MAX_ANSWER) kill();
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
      });
      // the child may end before it has read all of it
      child.stdin?.on('error', (error) => log.debug('PAM child did not listen', { error: messageOf(error) }));
      child.on('error', (error) => reject(failed(messageOf(error))));
      // not `close`: what a module left running may hold the pipes
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        this.#children.delete(kill);
        if (late) reject(timedOut(operation, limitMs));
        else void readToEnd(child.stdio[3]).then(() => settle(answer, said, code ?? signal, resolve, reject));
      });
      child.stdin?.end(JSON.stringify(operation));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const kill of this.#children) kill();
  }
}

/** What was written before the child ended; something that a module left running may keep the pipe open. */
async function readToEnd(pipe: Readable | Writable | null | undefined): Promise<void> {
  if (!(pipe instanceof Readable) || pipe.readableEnded) return;
  await Promise.race([once(pipe, 'end'), delay(READ_GRACE_MS)]);
}

function settle(
  answer: string,
  said: string,
  ended: number | string | null,
  resolve: (answer: Answer) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(readAnswer(answer));
  } catch (error) {
    reject(
      failed(`the child ended with ${ended}: ${messageOf(error)}; it said: ${said.trim() || 'nothing'}`),
    );
  }
}

/** With all that its modules started, which may be in sessions of their own (pam_exec's are). */
function endTree(root: number | undefined): void {
  if (root === undefined) return;
  for (const pid of [root, ...processesBelow(root)]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function processesBelow(root: number): readonly number[] {
  const all = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  const stats = all.map((name) => processStat(Number(name))).filter((stat) => stat !== undefined);
  const found = [root];
  for (const parent of found)
    found.push(...stats.filter((stat) => stat.parent === parent).map(({ pid }) => pid));
  return found.slice(1);
}

function failed(detail: string): Fault {
  return new Fault('PAM_FAILED', 'Passwords cannot be checked at the moment. Ask your administrator.', {
    status: 503,
    detail,
  });
}

function timedOut({ service, kind }: Operation, limitMs: number): Fault {
  return new Fault(
    'PAM_TIMEOUT',
    'Checking your password took too long. Try again, or ask your administrator.',
    {
      status: 503,
      detail: `the PAM service ${service} did not end its ${kind} within ${limitMs / 1000} seconds and was killed`,
    },
  );
}
