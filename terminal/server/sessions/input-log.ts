/** Most pages whose input positions a session remembers; the one unseen longest is forgotten first. */
const MAX_CLIENTS = 64;

/**
 * How many input bytes of each page load have arrived, so that after a lost connection the page sends exactly
 * the rest: no keystroke twice, none lost.
 */
export class InputLog {
  readonly #received = new Map<string, number>();

  received(client: string): number {
    return this.#received.get(client) ?? 0;
  }

  add(client: string, bytes: number): number {
    const total = this.received(client) + bytes;
    // Re-inserting moves the client to the young end of the map.
    this.#received.delete(client);
    this.#received.set(client, total);
    for (const oldest of this.#received.keys()) {
      if (this.#received.size <= MAX_CLIENTS) break;
      this.#received.delete(oldest);
    }
    return total;
  }
}
