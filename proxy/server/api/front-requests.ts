/**
 * The REST API behind the strict front: the calls that hubs make thousands of when a class signs in, for a third of
 * what `node:http` takes for them. Without the token, with a long body or by another method they are left to Node.
 */
import { timingSafeEqual } from 'node:crypto';
import type { ClientService, Exchange, Line, Service } from '../front/front.js';
import { ownAnswerText } from '../front/own-answer.js';
import type { RequestHead } from '../message/request-head.js';
import type { ApiAnswer, RouteApi } from './api.js';

/** ms, as Node's servers keep. */
const KEEP_ALIVE_MS = 5000;
/** ms that a request may take to come. */
const REQUEST_MS = 60_000;
/** Octets of a body that is gathered here. JupyterHub posts some hundred. */
const MAX_GATHERED = 16 * 1024;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE']);

export function frontRequests(api: RouteApi): Service {
  return { keepAliveTimeout: KEEP_ALIVE_MS, client: (line) => new ApiClient(api, line) };
}

class ApiClient implements ClientService {
  readonly #api: RouteApi;
  readonly #line: Line;
  /** The field that was found to say the token: who repeats it is known, without a digest. */
  #known: Buffer | undefined;

  constructor(api: RouteApi, line: Line) {
    this.#api = api;
    this.#line = line;
  }

  exchange(head: RequestHead): Exchange | undefined {
    const { names, values, contentLength = 0 } = head.fields;
    if (!METHODS.has(head.method) || contentLength > MAX_GATHERED) return undefined;
    if (!this.#allows(values[names.indexOf('authorization')])) return undefined;
    return new ApiExchange(this.#api, this.#line, head);
  }

  #allows(authorization = ''): boolean {
    // A front that shares this connection among its clients must not let one of them feel out another's token.
    const field = Buffer.from(authorization, 'latin1');
    if (this.#known?.length === field.length && timingSafeEqual(field, this.#known)) return true;
    const allowed = this.#api.allows(authorization);
    if (allowed) this.#known = field;
    return allowed;
  }
}

class ApiExchange implements Exchange {
  readonly keepsBody = false;
  readonly #api: RouteApi;
  readonly #line: Line;
  readonly #head: RequestHead;
  /** What has come of the body. */
  #gathered: Buffer | undefined;
  #bodyLeft: number;
  #gone = false;

  constructor(api: RouteApi, line: Line, head: RequestHead) {
    this.#api = api;
    this.#line = line;
    this.#head = head;
    this.#bodyLeft = head.fields.contentLength ?? 0;
  }

  get bodyLeft(): number {
    return this.#bodyLeft;
  }

  begin(bytes: Buffer, _text: string, start: number): number {
    this.#line.expire(REQUEST_MS);
    return start + this.body(bytes.subarray(start));
  }

  body(bytes: Buffer): number {
    const count = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= count;
    const piece = bytes.subarray(0, count);
    const all = this.#gathered ? Buffer.concat([this.#gathered, piece]) : piece;
    if (this.#bodyLeft === 0) this.#ask(all.toString('utf8'));
    // A copy: the memory may be read into again.
    else this.#gathered = Buffer.from(all);
    return count;
  }

  halfClosed(): void {
    // A part of a body is no request.
    if (this.#bodyLeft > 0) this.#line.socket.destroy();
  }

  writable(): void {
    // An answer is written at once, and the connection waits for its reader.
  }

  abort(): void {
    this.#gone = true;
  }

  #ask(body: string): void {
    this.#line.expire(undefined);
    const request = { method: this.#head.method, url: this.#head.target };
    this.#api
      .answer({ ...request, allowed: true, body: () => Promise.resolve(body) })
      .then((answer) => this.#send(answer))
      .catch((error: unknown) => {
        this.#api.notSent(request, error);
        this.#line.socket.destroy();
      });
  }

  #send({ status, json, text = '' }: ApiAnswer): void {
    if (this.#gone) return;
    const { socket, keepSeconds } = this.#line;
    const kept = this.#head.fields.close ? undefined : keepSeconds;
    const headers = json === undefined ? {} : { 'content-type': 'application/json' };
    const body = json ?? text;
    const length = status === 204 ? undefined : Buffer.byteLength(body);
    // One text, and so one call of the kernel; and mostly one of ASCII.
    const encoding = (length ?? 0) === body.length ? 'latin1' : 'utf8';
    socket.write(ownAnswerText(status, headers, length, kept) + body, encoding);
    this.#line.finished(kept !== undefined);
  }
}
