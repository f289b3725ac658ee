/**
 * Owns: which sessions there are, their names and limits, and the memory of those that ended.
 */
import { randomBytes } from 'node:crypto';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import type { SpawnPty } from './pty.js';
import { Session } from './session.js';
import type { ShellCommand } from './shell.js';

export interface RegistryOptions {
  readonly spawn: SpawnPty;
  readonly command: () => ShellCommand;
  readonly log: Log;
  readonly maxSessions?: number;
  readonly onInput: () => void;
}

const MAX_SESSIONS = 32;
/** Ended sessions are kept for pages that were away when it happened: they still get the last output. */
const MAX_ENDED = 8;
const ENDED_MS = 10 * 60_000;

export class SessionRegistry {
  /** Of this process: positions of another one mean nothing here. */
  readonly epoch = randomBytes(8).toString('hex');
  readonly #options: RegistryOptions;
  readonly #living = new Map<string, Session>();
  readonly #ended = new Map<string, { readonly session: Session; readonly at: number }>();
  readonly #watchers = new Set<(names: readonly string[]) => void>();
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  list(): readonly Session[] {
    return [...this.#living.values()];
  }

  get(name: string): Session | undefined {
    return this.#living.get(name);
  }

  ended(name: string): Session | undefined {
    const found = this.#ended.get(name);
    return found && performance.now() - found.at < ENDED_MS ? found.session : undefined;
  }

  /**
   * @param name chosen by the caller, or the smallest free number
   * @throws Fault `TOO_MANY_TERMINALS` (429)
   */
  create(name = this.#freeName()): Session {
    const limit = this.#options.maxSessions ?? MAX_SESSIONS;
    if (this.#closed || this.#living.size >= limit) {
      throw new Fault('TOO_MANY_TERMINALS', `No more than ${limit} terminals at a time. Close one first.`, {
        status: 429,
      });
    }
    const session = new Session({
      name,
      spawn: this.#options.spawn,
      command: this.#options.command,
      log: this.#options.log,
      onInput: this.#options.onInput,
      onEnd: () => this.#bury(session),
    });
    this.#living.set(name, session);
    this.#ended.delete(name);
    this.#changed();
    return session;
  }

  /** Tells the names of the living sessions now and after each change. */
  watch(watcher: (names: readonly string[]) => void): Disposable {
    this.#watchers.add(watcher);
    watcher([...this.#living.keys()]);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** The server is stopping: what ends now is no news of a shell. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends all, waiting at most `graceMs` for shells to say goodbye. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all(this.list().map((session) => session.end(graceMs)));
  }

  #freeName(): string {
    let number = 1;
    while (this.#living.has(String(number))) number += 1;
    return String(number);
  }

  #bury(session: Session): void {
    if (this.#living.get(session.name) === session) this.#living.delete(session.name);
    const now = performance.now();
    this.#ended.set(session.name, { session, at: now });
    for (const [name, { at }] of this.#ended) {
      if (this.#ended.size <= MAX_ENDED && now - at < ENDED_MS) break;
      this.#ended.delete(name);
    }
    this.#changed();
  }

  #changed(): void {
    const names = [...this.#living.keys()];
    for (const watcher of this.#watchers) watcher(names);
  }
}
