/**
 * Whether whoever is written to keeps up with what is read: the octets taken at once count for it, and each time
 * something had to wait counts against it, as much as `WAIT` of them. The kernel takes some 10 MiB for a reader of the same
 * machine that reads nothing yet; then one that reads as fast as it can lets something wait every 5 MiB, and one that
 * has a slow line, every time. Who keeps up is sent much at once; for others as much would wait in memory.
 */
const MIB = 1024 * 1024;
const KEEPS_UP = 12 * MIB;
const WAIT = 2 * MIB;

export class Pace {
  #octets = 0;

  get keepsUp(): boolean {
    return this.#octets > KEEPS_UP;
  }

  /** @param octets that were there to be sent, and did not have to wait */
  moved(octets: number): void {
    this.#octets = Math.min(this.#octets + octets, KEEPS_UP + WAIT);
  }

  waited(): void {
    this.#octets = Math.max(this.#octets - WAIT, 0);
  }
}
