import { Fault } from '../../core/fault.js';
import type { UserRecord } from '../store/types.js';
import { within } from './bounded.js';
import { Breaker } from './breaker.js';
import { type ServerEntry, statusOf } from './entry.js';
import { Operator } from './operate.js';
import type { Registry } from './registry.js';
import { mayBegin, reserve } from './reserve.js';
import { ensureRow, forgetRow, ownerOf } from './servers.js';
import type { LifecycleDeps, ServerStatus, StartRequest } from './types.js';
import { WaitingRoom } from './waiting-room.js';

/** When a start begins: at once, in its turn, or not at all. */
export class Starts implements Disposable {
  readonly #deps: LifecycleDeps;
  readonly #registry: Registry;
  readonly breaker: Breaker;
  readonly room: WaitingRoom;
  readonly operator: Operator;
  #closed = false;

  constructor(deps: LifecycleDeps, registry: Registry) {
    this.#deps = deps;
    this.#registry = registry;
    const breaker = new Breaker({ ...deps, pauseMs: deps.settings.spawnBreakerMs });
    this.breaker = breaker;
    const room = new WaitingRoom({
      ...deps,
      registry,
      mayBegin: (entry) => mayBegin({ ...deps, registry, breaker }, entry),
    });
    this.room = room;
    this.operator = new Operator(deps, registry, breaker, () => room.admit());
  }

  /**
   * Resolves when it is ready or `waitMs` have passed, and at once when it has to wait for its turn.
   * @throws Fault when it failed within that time; 400 when it runs or something is under way; 429 at a limit; 503
   * while the breaker is open or the hub ends
   */
  async begin(user: UserRecord, serverName: string, request: StartRequest): Promise<ServerStatus> {
    const fresh = (await this.#deps.beforeStart?.(user, request.by ?? 'another-user')) ?? user;
    if (this.#closed)
      throw new Fault('HUB_CLOSING', 'The hub is being restarted. Try again in a minute.', { status: 503 });
    const { breaker, room } = this;
    const parts = { ...this.#deps, registry: this.#registry, breaker, room };
    const { entry, turn } = reserve(parts, fresh, serverName, request);
    if (turn) return this.#beginInTurn(entry, turn, request);
    const outcome = this.operator.start(entry, request);
    entry.operation = outcome.catch(() => undefined); // kept as the entry's failure
    await within(outcome, request.waitMs, this.#deps.clock);
    return statusOf(entry);
  }

  /** Nothing begins any more, and whoever waits is told so. */
  close(): void {
    this.#closed = true;
    this.room.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Resolves when the place in the queue can be shown; the rest goes on by itself. */
  async #beginInTurn(entry: ServerEntry, turn: Promise<void>, request: StartRequest): Promise<ServerStatus> {
    const row = ensureRow(this.#deps, entry, request);
    const outcome = this.#take(entry, turn, row, request).then(() => this.operator.start(entry, request));
    entry.operation = outcome.catch(() => undefined); // kept as the entry's failure
    await row;
    return statusOf(entry);
  }

  async #take(
    entry: ServerEntry,
    turn: Promise<void>,
    row: Promise<number | undefined>,
    request: StartRequest,
  ): Promise<void> {
    try {
      await Promise.all([turn, row]);
      // what was fresh when it came may be stale now
      entry.user = await ownerOf(this.#deps.store, entry);
      entry.user = (await this.#deps.beforeStart?.(entry.user, request.by ?? 'another-user')) ?? entry.user;
    } catch (error) {
      entry.abort?.abort(error); // without a row it gives its place up
      await forgetRow(this.#deps, entry, row);
      throw await this.operator.refused(entry, error);
    }
  }
}
