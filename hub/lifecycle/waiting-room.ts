import { Fault } from '../../core/fault.js';
import type { ServerEntry } from './entry.js';
import { FairQueue, type Ticket } from './fair-queue.js';
import { throttled } from './limits.js';
import { queuedMessage } from './progress.js';
import type { Registry } from './registry.js';
import type { LifecycleDeps } from './types.js';

/** Who waits is told a new place this often at most. */
const TELL_MS = 500;
/** So many past turns say how fast the queue moves. */
const REMEMBERED_TURNS = 20;
/** What of the queue one user may take up, at least one place. */
const SHARE_OF_ONE = 0.1;

interface Seat {
  readonly entry: ServerEntry;
  readonly since: number;
  /** The place that was told last. */
  told: number;
  readonly finish: (error: unknown) => void;
}

export interface WaitingRoomOptions extends Pick<LifecycleDeps, 'clock' | 'log' | 'observe'> {
  readonly settings: Pick<
    LifecycleDeps['settings'],
    'concurrentSpawnLimit' | 'spawnThrottleRetryRange' | 'spawnQueueLimit' | 'spawnQueueMs'
  >;
  readonly registry: Registry;
  /** Whether the start whose turn it is may begin; throws what refuses it. */
  mayBegin(entry: ServerEntry): void;
}

/**
 * Browsers' starts that wait until `concurrent_spawn_limit` has room for them. Nothing of it is in the database: a
 * start that has not begun holds nothing, and after a restart of the hub its user sees the page that starts servers.
 */
export class WaitingRoom implements Disposable {
  readonly #options: WaitingRoomOptions;
  readonly #queue = new FairQueue<Seat>();
  readonly #turns: number[] = [];
  readonly #closing = new AbortController();
  #telling = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#queue.size;
  }

  users(): ReadonlySet<number> {
    return new Set(this.#queue.items().map(({ entry }) => entry.user.id));
  }

  /** No start can begin now: the limit is reached, or others were first. */
  get busy(): boolean {
    return this.#queue.size > 0 || !this.#hasRoom();
  }

  /** @throws Fault 429 when nobody, or nobody more of this user, may wait */
  checkRoom(userId: number): void {
    const { spawnQueueLimit: limit, spawnThrottleRetryRange } = this.#options.settings;
    const own = Math.max(1, Math.floor(limit * SHARE_OF_ONE));
    if (this.#queue.size >= limit || this.#queue.waitingOf(userId) >= own)
      throw throttled(spawnThrottleRetryRange);
  }

  /**
   * Takes a place at once; resolves when it is the entry's turn, which from then on counts as starting.
   * @throws whatever `mayBegin` throws; the reason of the entry's `abort`; Fault 429 after `spawnQueueMs`, 503 when the
   * hub ends
   */
  wait(entry: ServerEntry): Promise<void> {
    const { clock, observe, settings, registry } = this.#options;
    const busy = registry.ofUser(entry.user.id).filter((each) => each !== entry && isStarting(each)).length;
    return new Promise((resolve, reject) => {
      const left = new AbortController();
      const since = clock.monotonic();
      const finish = (error: unknown): void => {
        left.abort();
        // one that does not begin is counted as waiting until everybody was told
        if (error === undefined) entry.waiting = undefined;
        observe?.({ kind: 'waited', ms: clock.monotonic() - since, began: error === undefined });
        if (error === undefined) resolve();
        else reject(error);
      };
      const ticket = this.#queue.add(entry.user.id, busy, { entry, since, told: 0, finish });
      const leave = (error: unknown): void => this.#leave(ticket, error);
      const { signal } = left;
      entry.abort?.signal.addEventListener('abort', () => leave(entry.abort?.signal.reason), { signal });
      this.#closing.signal.addEventListener('abort', () => leave(this.#closing.signal.reason), { signal });
      clock.sleep(settings.spawnQueueMs, signal).then(
        () => leave(waitedTooLong(settings.spawnQueueMs)),
        () => undefined, // it left before
      );
      this.#number();
      this.#tell(ticket.item);
    });
  }

  /** Lets begin as many as there is room for. Call whenever a start has ended. */
  admit(): void {
    while (this.#queue.size > 0 && this.#hasRoom()) {
      const ticket = this.#queue.shift();
      if (!ticket) break;
      const { entry, finish } = ticket.item;
      try {
        this.#options.mayBegin(entry);
        this.#remember();
        finish(undefined);
      } catch (error) {
        finish(error);
      }
    }
    this.#moved();
  }

  /** Sends everybody away, and nobody waits here again. */
  close(): void {
    this.#closing.abort(
      new Fault('HUB_CLOSING', 'The hub is being restarted. Try again in a minute.', { status: 503 }),
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hasRoom(): boolean {
    const { settings, registry } = this.#options;
    const limit = settings.concurrentSpawnLimit;
    return limit <= 0 || registry.counts().spawning < limit;
  }

  #leave(ticket: Ticket<Seat>, error: unknown): void {
    if (!this.#queue.remove(ticket)) return;
    ticket.item.finish(error);
    this.#moved();
  }

  #moved(): void {
    if (this.#queue.size === 0) {
      this.#turns.length = 0;
      return;
    }
    this.#number();
    if (this.#telling) return;
    this.#telling = true;
    const { clock } = this.#options;
    clock.sleep(TELL_MS, this.#closing.signal).then(
      () => {
        this.#telling = false;
        for (const seat of this.#queue.items()) this.#tell(seat);
      },
      () => undefined, // closed: everybody was told
    );
  }

  #number(): void {
    const seats = this.#queue.items();
    const each = this.#msForEach();
    for (const [index, { entry }] of seats.entries()) {
      const place = index + 1;
      entry.waiting = {
        place,
        length: seats.length,
        ...(each !== undefined && { seconds: Math.ceil((place * each) / 1000) }),
      };
    }
  }

  #tell(seat: Seat): void {
    const { waiting, progress } = seat.entry;
    if (!waiting || waiting.place === seat.told) return;
    seat.told = waiting.place;
    progress?.pass(queuedMessage(waiting));
  }

  #remember(): void {
    this.#turns.push(this.#options.clock.monotonic());
    if (this.#turns.length > REMEMBERED_TURNS) this.#turns.shift();
  }

  /** Milliseconds between two turns, once there were enough to tell. */
  #msForEach(): number | undefined {
    const [first] = this.#turns;
    if (first === undefined || this.#turns.length < 3) return undefined;
    return (this.#options.clock.monotonic() - first) / this.#turns.length;
  }
}

function isStarting(entry: ServerEntry): boolean {
  return entry.pending === 'spawn' && entry.waiting === undefined;
}

function waitedTooLong(ms: number): Fault {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return new Fault(
    'SPAWN_QUEUE_TIMEOUT',
    `Too many servers are starting: there was no room for yours within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}. Try again.`,
    { status: 429, reason: 'throttled' },
  );
}
