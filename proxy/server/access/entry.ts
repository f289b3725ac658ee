/** One request on its way to one line of the access log. Knows no front and no file. */
import type { Socket } from 'node:net';
import { messageOf } from '../../../core/fault.js';
import { safeText, scrubUrl } from '../../../core/wire/scrub.js';
import type { Route } from '../routes/route.js';

/** Characters. */
const MAX_TEXT = 256;

/** What a front knows of a request at its beginning. */
export interface Begun {
  readonly id: string;
  readonly method: string;
  /** As received; written without its secrets. */
  readonly url: string;
  /** X-Forwarded-For as received: who asked, when proxies stand in front. */
  readonly forwardedFor: string | undefined;
  readonly upgrade: boolean;
}

export type TakeLine = (line: string) => void;

export class AccessEntry {
  readonly id: string;
  readonly #begun: Begun;
  readonly #socket: Socket;
  readonly #take: TakeLine;
  readonly #client: string;
  readonly #time = Date.now();
  readonly #start = performance.now();
  readonly #sentBefore: number;
  #route: Route | undefined;
  #error: string | undefined;
  #ended = false;

  constructor(begun: Begun, socket: Socket, take: TakeLine) {
    this.id = begun.id;
    this.#begun = begun;
    this.#socket = socket;
    this.#take = take;
    // A socket that is closed no longer knows.
    this.#client = socket.remoteAddress ?? '';
    this.#sentBefore = socket.bytesWritten;
  }

  routed(route: Route): void {
    this.#route = route;
  }

  /** The first failure is the cause, later ones follow from it. */
  failed(error: unknown): void {
    this.#error ??= messageOf(error);
  }

  /** The answer's end, or the connection's. @param status 0 when nothing was answered. Only the first call counts */
  ended(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#take(`${JSON.stringify(this.#line(status))}\n`);
  }

  #line(status: number): Readonly<Record<string, unknown>> {
    const { id, method, url, forwardedFor, upgrade } = this.#begun;
    return {
      time: new Date(this.#time).toISOString(),
      id,
      client: this.#client,
      forwarded_for: forwardedFor && safeText(forwardedFor, MAX_TEXT),
      method: safeText(method),
      url: scrubUrl(url),
      status,
      bytes: this.#socket.bytesWritten - this.#sentBefore,
      ms: Math.round((performance.now() - this.#start) * 10) / 10,
      route: this.#route && safeText(this.#route.path, MAX_TEXT),
      target: this.#route && safeText(withoutUser(this.#route.target), MAX_TEXT),
      upgrade: upgrade || undefined,
      error: this.#error && safeText(this.#error, MAX_TEXT),
    };
  }
}

/** A target may be posted with a name and a password. */
function withoutUser(target: string): string {
  return target.includes('@') ? target.replace(/\/\/[^/]*@/, '//') : target;
}
