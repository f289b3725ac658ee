/**
 * Who waits for their turn to sign in: how many may, and that nobody waits for a browser that has gone or in a hub that
 * ends. Guessers cannot take every place: some are kept for people who have not failed where they are.
 */
import { Fault } from '../../core/fault.js';

/**
 * `behind` others who are being let in, having failed at nothing; `slowed` because the name is guessed at elsewhere;
 * `failed` under this name at this very address.
 */
type WaitReason = 'behind' | 'slowed' | 'failed';

type Counts = Record<WaitReason, number>;

const EVERYWHERE: Readonly<Counts> = { behind: 10_000, slowed: 500, failed: 1500 };
/** The largest workshops, 3,000 people, may come from one address in one moment. */
const AT_ONE_ADDRESS: Readonly<Counts> = { behind: 4000, slowed: 50, failed: 50 };

export interface SignInWaiter {
  /** Aborted when browser or hub goes. */
  readonly signal: AbortSignal;
  /** Whoever waited behind others has to wait for their failures now. @returns false when there is no room for that */
  hasFailed(): boolean;
  leave(): void;
}

export class SignInWaiters implements Disposable {
  readonly #all: Counts = { behind: 0, slowed: 0, failed: 0 };
  readonly #places = new Map<string, Counts>();
  readonly #waiting = new Set<AbortController>();
  #ended: Fault | undefined;

  /** @returns undefined when there is no room @throws Fault when browser or hub has gone already */
  enter(place: string, why: WaitReason, gone: AbortSignal | undefined): SignInWaiter | undefined {
    if (this.#ended) throw this.#ended;
    gone?.throwIfAborted();
    if (!this.#hasRoom(place, why)) return undefined;
    let reason = why;
    const controller = new AbortController();
    const onGone = (): void => controller.abort(gone?.reason);
    gone?.addEventListener('abort', onGone, { once: true });
    this.#waiting.add(controller);
    this.#count(place, reason, 1);
    return {
      signal: controller.signal,
      hasFailed: () => {
        if (reason === 'failed') return true;
        if (!this.#hasRoom(place, 'failed')) return false;
        this.#count(place, reason, -1);
        reason = 'failed';
        this.#count(place, reason, 1);
        return true;
      },
      leave: () => {
        gone?.removeEventListener('abort', onGone);
        if (this.#waiting.delete(controller)) this.#count(place, reason, -1);
      },
    };
  }

  /** Nobody waits any more, nor will. */
  [Symbol.dispose](): void {
    this.#ended = new Fault('HUB_ENDS', 'The hub is ending. Try again when it is back.', {
      status: 503,
      headers: { 'Retry-After': '30' },
    });
    for (const controller of this.#waiting) controller.abort(this.#ended);
  }

  #hasRoom(place: string, why: WaitReason): boolean {
    return this.#all[why] < EVERYWHERE[why] && (this.#places.get(place)?.[why] ?? 0) < AT_ONE_ADDRESS[why];
  }

  #count(place: string, why: WaitReason, by: 1 | -1): void {
    const here = this.#places.get(place) ?? { behind: 0, slowed: 0, failed: 0 };
    here[why] += by;
    this.#all[why] += by;
    if (here.behind + here.slowed + here.failed > 0) this.#places.set(place, here);
    else this.#places.delete(place);
  }
}
