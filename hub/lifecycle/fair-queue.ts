/** A place in the queue; made by `FairQueue.add` alone. */
export interface Ticket<T> {
  readonly userId: number;
  /** In which round it has its turn: a user has one turn in each. */
  readonly round: number;
  readonly item: T;
}

/** What one user has waiting. */
interface Lane {
  waiting: number;
  /** Round of the next that comes. */
  next: number;
}

/**
 * First come, first served between users, and one turn for each of them in a round: whoever has ten servers
 * waiting is overtaken by everybody who has one. A place is never lost to somebody who came later, save by the second
 * and further servers of one user. (Start-time fair queueing, Goyal, Vin and Cheng 1996, with a weight of one.)
 */
export class FairQueue<T> {
  /** In the order of their turns. */
  readonly #waiting: Ticket<T>[] = [];
  readonly #lanes = new Map<number, Lane>();
  /** Round of the last that had its turn since the queue was empty. */
  #round = 0;

  get size(): number {
    return this.#waiting.length;
  }

  waitingOf(userId: number): number {
    return this.#lanes.get(userId)?.waiting ?? 0;
  }

  /** @param busy how many of the user's are being served already; each has cost a round */
  add(userId: number, busy: number, item: T): Ticket<T> {
    const lane = this.#lanes.get(userId) ?? { waiting: 0, next: this.#round + busy };
    const round = Math.max(this.#round, lane.next);
    lane.waiting++;
    lane.next = round + 1;
    this.#lanes.set(userId, lane);
    const ticket: Ticket<T> = { userId, round, item };
    const before = this.#waiting.findLastIndex((each) => each.round <= round);
    this.#waiting.splice(before + 1, 0, ticket);
    return ticket;
  }

  /** Takes out the next one. */
  shift(): Ticket<T> | undefined {
    const ticket = this.#waiting.shift();
    if (!ticket) return undefined;
    this.#round = ticket.round;
    this.#left(ticket);
    return ticket;
  }

  /** @returns false when it does not wait here (any more) */
  remove(ticket: Ticket<T>): boolean {
    const index = this.#waiting.indexOf(ticket);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    this.#left(ticket);
    return true;
  }

  /** In the order of their turns. */
  items(): readonly T[] {
    return this.#waiting.map((ticket) => ticket.item);
  }

  #left({ userId }: Ticket<T>): void {
    const lane = this.#lanes.get(userId);
    if (lane && --lane.waiting === 0) this.#lanes.delete(userId);
    if (this.#waiting.length === 0) this.#round = 0;
  }
}
