import { randomUUID } from 'node:crypto';
import { Fault, messageOf } from '../../core/fault.js';
import type { AdoptionPort, Found } from './adopt.js';
import type { Breaker } from './breaker.js';
import { type ServerEntry, serverLabel } from './entry.js';
import { describeFailure } from './failure.js';
import { knownCause, pollServer } from './polling.js';
import { failedMessage, readyMessage } from './progress.js';
import type { Registry } from './registry.js';
import { startServer } from './start.js';
import { openStop, stopServer } from './stop.js';
import type { LifecycleDeps, ProgressMessage, SpawnFailure, StartRequest } from './types.js';

/**
 * Runs the operations of entries from begin to end: one at a time for each, with an outcome that pages, metrics and
 * log agree on. The entry's `pending` is set by whoever asks and cleared here.
 */
export class Operator implements AdoptionPort {
  readonly #deps: LifecycleDeps;
  readonly #registry: Registry;
  readonly #breaker: Breaker;
  readonly #onStartEnded: () => void;
  /** The hub ends and leaves servers alone: nothing that fails from now on is cleaned up. */
  abandoned = false;

  /** @param onStartEnded called when one start less is under way */
  constructor(deps: LifecycleDeps, registry: Registry, breaker: Breaker, onStartEnded: () => void) {
    this.#deps = deps;
    this.#registry = registry;
    this.#breaker = breaker;
    this.#onStartEnded = onStartEnded;
  }

  /** Rejects with a Fault when the start failed; everything is cleaned up by then. */
  async start(entry: ServerEntry, request: StartRequest): Promise<void> {
    const { clock } = this.#deps;
    const began = clock.monotonic();
    const signal = entry.abort?.signal ?? new AbortController().signal;
    try {
      await startServer(this.#deps, entry, request, signal);
    } catch (error) {
      throw await this.#startFailed(entry, signal.aborted ? signal.reason : error, began);
    }
    this.#breaker.succeeded();
    await this.#becomeReady(entry);
    this.#deps.observe?.({
      kind: 'started',
      user: entry.user.name,
      server: entry.name,
      ms: clock.monotonic() - began,
    });
  }

  async #startFailed(entry: ServerEntry, error: unknown, began: number): Promise<Fault> {
    const failure = await this.#describe(entry, error);
    const { log, clock } = this.#deps;
    const detail = error instanceof Fault ? error.detail : error instanceof Error ? error.stack : undefined;
    log.error('a server did not start', {
      server: serverLabel(entry),
      incident: failure.incident,
      code: failure.code,
      error: messageOf(error),
      detail,
      output: failure.output,
    });
    if (!this.abandoned) await this.#cleanUp(entry);
    const refused = failure.status < 500;
    if (refused || this.abandoned) this.#breaker.undecided(entry, failure.cancelled);
    else this.#breaker.failed(entry, this.#failureLimit(entry));
    this.#deps.observe?.({
      kind: 'start-failed',
      user: entry.user.name,
      server: entry.name,
      ms: clock.monotonic() - began,
      outcome: refused ? 'failure' : 'error',
      reason: (error instanceof Fault ? error.reason : undefined) ?? 'error',
      consecutive: this.#breaker.failures,
    });
    this.#endFailed(entry, failure);
    return error instanceof Fault ? error : new Fault(failure.code, failure.message, { cause: error });
  }

  /** Hooks and overrides may have changed it for this server. */
  #failureLimit({ view }: ServerEntry): number {
    const own = view?.['consecutive_failure_limit'];
    return typeof own === 'number' ? own : this.#deps.spawner.config.consecutive_failure_limit;
  }

  /** Ends a start that never began: it was cancelled in the queue, or refused when its turn came. */
  async refused(entry: ServerEntry, error: unknown): Promise<Fault> {
    const failure = await this.#describe(entry, error);
    const { log } = this.#deps;
    log.info('a start that waited did not begin', {
      server: serverLabel(entry),
      code: failure.code,
      incident: failure.incident,
      error: messageOf(error),
    });
    this.#breaker.undecided(entry, false);
    this.#endFailed(entry, failure);
    return error instanceof Fault ? error : new Fault(failure.code, failure.message, { cause: error });
  }

  async #describe(entry: ServerEntry, error: unknown): Promise<SpawnFailure> {
    let output: string | undefined;
    try {
      output = await entry.spawner?.lastOutput?.();
    } catch (unreadable) {
      this.#deps.log.warn('the output of a server could not be read', {
        server: serverLabel(entry),
        error: messageOf(unreadable),
      });
    }
    return describeFailure(error, entry.secret ? output?.replaceAll(entry.secret, '[token]') : output);
  }

  async #cleanUp(entry: ServerEntry): Promise<void> {
    try {
      if (entry.spawnerId !== 0) await this.#stopServer(entry, entry.spawnId ?? '', true);
    } catch (error) {
      this.#deps.log.error('a failed start could not be cleaned up', {
        server: serverLabel(entry),
        error: messageOf(error),
      });
      entry.address = undefined;
    }
  }

  #endFailed(entry: ServerEntry, failure: SpawnFailure): void {
    entry.pending = null;
    entry.waiting = undefined;
    entry.secret = undefined;
    entry.failure = failure.cancelled ? undefined : failure;
    entry.progress?.finish(failedMessage(failure));
    this.#registry.settle(entry);
    this.#onStartEnded();
  }

  async #becomeReady(entry: ServerEntry): Promise<void> {
    entry.pending = null;
    entry.secret = undefined;
    entry.failure = undefined;
    this.#watch(entry);
    this.#onStartEnded();
    entry.progress?.finishWith(() => this.readyEvent(entry));
  }

  /** The last progress message, as `progress_ready_hook` wants it. */
  async readyEvent(entry: ServerEntry): Promise<ProgressMessage> {
    const message = readyMessage(entry.url);
    const hook = this.#deps.spawner.config.progress_ready_hook;
    if (!hook) return message;
    try {
      const changed = await hook(entry.view, { ...message });
      return typeof changed === 'object' && changed !== null ? (changed as ProgressMessage) : message;
    } catch (error) {
      this.#deps.log.error('progress_ready_hook failed', {
        server: serverLabel(entry),
        error: messageOf(error),
      });
      return message;
    }
  }

  /** Rejects when the server could not be ended; it counts as running then. @param failure why it ended by itself */
  async stop(entry: ServerEntry, failure?: SpawnFailure): Promise<void> {
    const { clock } = this.#deps;
    const began = clock.monotonic();
    const operationId = `${this.#deps.settings.hubId}.stop-${randomUUID()}`;
    entry.polling?.[Symbol.dispose]();
    try {
      await openStop(this.#deps, entry, operationId);
      await this.#stopServer(entry, operationId, false);
    } catch (error) {
      await this.#stopFailed(entry, operationId, error);
      const ms = clock.monotonic() - began;
      this.#deps.observe?.({ kind: 'stop-failed', user: entry.user.name, server: entry.name, ms });
      throw error;
    }
    this.#stopped(entry, failure);
    this.#deps.observe?.({
      kind: 'stopped',
      user: entry.user.name,
      server: entry.name,
      ms: clock.monotonic() - began,
    });
  }

  async #stopServer(entry: ServerEntry, operationId: string, now: boolean): Promise<void> {
    const keepRoute = this.#registry.isTakenRoute(entry);
    await stopServer(this.#deps, entry, operationId, { now, keepRoute });
  }

  #stopped(entry: ServerEntry, failure?: SpawnFailure): void {
    entry.pending = null;
    entry.failure = failure;
    this.#registry.settle(entry);
  }

  async #stopFailed(entry: ServerEntry, operationId: string, error: unknown): Promise<void> {
    this.#deps.log.error('a server could not be stopped', {
      server: serverLabel(entry),
      error: messageOf(error),
      detail: error instanceof Fault ? error.detail : undefined,
    });
    try {
      await this.#deps.store.operations.end(entry.spawnerId, operationId);
    } catch (failure) {
      this.#deps.log.error('an operation could not be closed', {
        server: serverLabel(entry),
        error: messageOf(failure),
      });
    }
    entry.pending = null;
    if (entry.address) this.#watch(entry);
    else this.#registry.settle(entry);
  }

  #watch(entry: ServerEntry): void {
    const { spawner } = entry;
    if (!spawner) return;
    const { clock, log, observe, spawner: choice } = this.#deps;
    entry.polling?.[Symbol.dispose]();
    entry.polling = pollServer(spawner, {
      clock,
      log,
      ...(observe && { observe }),
      seconds: choice.config.poll_interval,
      jitter: choice.config.poll_jitter,
      onExit: (exitStatus) => {
        void this.exited(entry, exitStatus);
      },
    });
  }

  /** The server ended by itself: everything that said it was there goes. */
  async exited(entry: ServerEntry, exitStatus: number): Promise<void> {
    if (entry.pending !== null || !entry.address) return;
    const { user, name } = entry;
    this.#deps.log.warn('a server ended by itself', { server: serverLabel(entry), exitStatus });
    this.#deps.observe?.({ kind: 'exited', user: user.name, server: name, exitStatus });
    entry.pending = 'stop';
    entry.operation = this.#clearAway(entry).catch(() => undefined); // logged by stop
    await entry.operation;
  }

  /** A reason that the spawner knows stays for the user's pages. */
  async #clearAway(entry: ServerEntry): Promise<void> {
    const cause = await knownCause(this.#deps, entry);
    await this.stop(entry, cause && (await this.#describe(entry, cause)));
  }

  async ready({ entry }: Found): Promise<void> {
    this.#deps.log.info('adopted a running server', { server: serverLabel(entry) });
    await this.#becomeReady(entry);
  }

  async gone({ entry, operation }: Found, cause: Fault): Promise<void> {
    const { log } = this.#deps;
    log.warn('a server is gone after a restart', {
      server: serverLabel(entry),
      error: cause.message,
      detail: cause.detail,
    });
    const failure = await this.#describe(entry, cause);
    const operationId = operation?.spawnId ?? '';
    if (this.abandoned) return;
    await this.#stopServer(entry, operationId, operation?.kind === 'spawn');
    if (operation?.kind === 'spawn') this.#endFailed(entry, failure);
    else {
      entry.progress?.finish(failedMessage(failure));
      this.#stopped(entry);
    }
  }

  async finishStop({ entry, operation }: Found): Promise<void> {
    await this.#stopServer(entry, operation?.spawnId ?? '', false);
    this.#stopped(entry);
  }
}
