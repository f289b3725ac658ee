/**
 * Request bodies that stand still. A slow upload may take hours, but one that sends nothing for five minutes while
 * it could holds a connection for nothing; and so does one that its target leaves standing for an hour. One coarse
 * timer for all.
 */
import type { IncomingMessage } from 'node:http';

const SILENCE_MS = 300_000;
const STALLED_MS = 3_600_000;
const SWEEP_MS = 30_000;

export class Uploads implements Disposable {
  readonly #lastChunk = new Map<IncomingMessage, number>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#sweep(Date.now()), SWEEP_MS);
    this.#timer.unref();
  }

  watch(request: IncomingMessage): void {
    this.#lastChunk.set(request, Date.now());
    const forget = (): void => {
      this.#lastChunk.delete(request);
    };
    request.once('end', forget);
    request.once('close', forget);
  }

  /** A chunk came. */
  moved(request: IncomingMessage): void {
    if (this.#lastChunk.has(request)) this.#lastChunk.set(request, Date.now());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#lastChunk.clear();
  }

  #sweep(now: number): void {
    for (const [request, at] of this.#lastChunk) {
      // Paused means that the target does not take more: then the silence is not the client's.
      if (now - at > (request.isPaused() ? STALLED_MS : SILENCE_MS)) request.socket.destroy();
    }
  }
}
