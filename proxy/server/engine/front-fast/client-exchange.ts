/**
 * One request of the fast front, from its accepted head to the end of its answer. Owns the call to the target and
 * the count of the body; the connection underneath, its pace and its clock are the line's.
 */
import type { Socket } from 'node:net';
import type { AccessEntry } from '../../access/entry.js';
import { fastEntry } from '../../access/fast-access.js';
import { REQUEST_ID } from '../../access/request-id.js';
import type { ErrorPage } from '../../error-pages.js';
import type { RequestHead } from '../message/request-head.js';
import type { ResponseHead } from '../message/response-head.js';
import { pathOf, reportFailure } from '../report.js';
import type { Routed } from '../routing.js';
import type { AnswerSink, Call } from '../upstream/call.js';
import { answerText, ownAnswerText } from './answer-text.js';
import type { ClientWriter } from './client-writer.js';
import type { Front } from './front.js';
import type { ClientRequests } from './request-text.js';

/** ms. A client may pause so long within its body. */
const UPLOAD_MS = 300_000;
/** ms that a target may leave an upload standing: a busy kernel, not one that has forgotten it. */
const STALLED_MS = 3_600_000;
/**
 * ms of a target's silence after which a client that has ended its half is taken to be gone. One that only sends
 * nothing more gets its answer; but a closed tab looks the same, and must not hold a stream of events open.
 */
const HALF_MS = 5000;

/** The client's connection, as one exchange on it sees it. */
export interface Line {
  readonly front: Front;
  readonly socket: Socket;
  readonly writer: ClientWriter;
  readonly requests: ClientRequests;
  /** The client has ended its half. */
  readonly ended: boolean;
  /** Its time is up after so many ms; undefined: it has all the time. */
  expire(ms: number | undefined): void;
  /** Nothing is read from the client until `letGo`. */
  stop(): void;
  letGo(): void;
  /** @param keep whether another request may follow */
  finished(keep: boolean): void;
}

export class ClientExchange implements AnswerSink {
  readonly #line: Line;
  readonly #head: RequestHead;
  readonly #routed: Routed;
  #entry: AccessEntry | undefined;
  #call: Call | undefined;
  #bodyLeft = 0;
  #status = 0;
  #close: boolean;

  constructor(line: Line, head: RequestHead, routed: Routed) {
    this.#line = line;
    this.#head = head;
    this.#routed = routed;
    this.#close = head.fields.close;
  }

  /** Octets of the body that have not come yet. */
  get bodyLeft(): number {
    return this.#bodyLeft;
  }

  /**
   * Sends the request off.
   * @param bytes what was read: the head, and what came with it
   * @param text the same as latin1, or only the head of it
   * @param start where the body begins in both
   * @returns where the request ends in `bytes`, so far
   */
  begin(bytes: Buffer, text: string, start: number): number {
    const { front, requests, socket } = this.#line;
    const { context, client } = front;
    const head = this.#head;
    const { route, upstream, shown } = this.#routed;
    context.metrics.web();
    context.log.debug(`PROXY WEB ${pathOf(shown)} to ${route.target}`);
    if (context.options.timeout !== undefined) socket.setTimeout(context.options.timeout);
    const length = head.fields.contentLength ?? 0;
    const bodyEnd = Math.min(bytes.length, start + length);
    const asText = text.length >= bodyEnd;
    this.#bodyLeft = length - (bodyEnd - start);
    this.#line.expire(this.#bodyLeft > 0 ? UPLOAD_MS : undefined);
    if (bodyEnd > start) context.routes.touch(route);
    this.#entry = context.access && fastEntry(context.access, socket, head, this.#routed);
    const own = requests.write(head, this.#routed, this.#entry?.id);
    this.#call = client.call(
      upstream,
      {
        text: asText && bodyEnd > start ? own + text.slice(start, bodyEnd) : own,
        toHead: head.method === 'HEAD',
        complete: this.#bodyLeft === 0 && asText,
        replayable: length === 0 && (head.method === 'GET' || head.method === 'HEAD'),
        last: false,
      },
      this,
    );
    // A copy: the memory is the connection's, which reads into it again.
    if (!asText) this.#pass(Buffer.from(bytes.subarray(start, bodyEnd)));
    return bodyEnd;
  }

  /** What `body` was given last is still referred to. */
  get keepsBody(): boolean {
    return this.#call?.keeps ?? false;
  }

  /** More has come while the body is not complete. @returns how much of it belongs to the body */
  body(bytes: Buffer): number {
    const count = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= count;
    this.#line.front.context.routes.touch(this.#routed.route);
    this.#line.expire(this.#bodyLeft > 0 ? UPLOAD_MS : undefined);
    this.#pass(count === bytes.length ? bytes : bytes.subarray(0, count));
    return count;
  }

  /** The client has ended its half. */
  halfClosed(): void {
    // A part of a body is no request.
    if (this.#bodyLeft > 0) this.#line.socket.destroy();
    else this.#line.expire(HALF_MS);
  }

  /** The client takes more again. */
  writable(): void {
    this.#call?.resume();
  }

  /** The client is gone. */
  abort(): void {
    this.#call?.abort();
    this.#call = undefined;
    this.#entry?.failed('the connection closed before the answer was complete');
    this.#entry?.ended(this.#status);
  }

  // The answer.

  head(head: ResponseHead, whole: string | undefined): void {
    const { front, socket, writer } = this.#line;
    const { context } = front;
    if (socket.destroyed) return;
    this.#status = head.status;
    context.metrics.proxied(head.status);
    // Not all of the body has come: what follows on this connection is not known to be a request.
    if (this.#bodyLeft > 0) this.#close = true;
    const chunked =
      head.framing.kind === 'chunked' || (head.framing.kind === 'until-close' && whole === undefined);
    const text = answerText(head, this.#head.fields.host, this.#routed, context.options, {
      keepSeconds: this.#keepSeconds(),
      chunked,
      requestId: this.#entry?.id,
    });
    if (whole === undefined) {
      if (!writer.begin(text, chunked)) this.#call?.pause();
      return;
    }
    this.#call = undefined;
    socket.write(text + whole, 'latin1');
    this.#finish();
  }

  piece(piece: Buffer): boolean {
    const { writer, ended } = this.#line;
    if (ended) this.#line.expire(HALF_MS);
    if (!writer.piece(piece)) this.#call?.pause();
    return writer.keeps;
  }

  end(): void {
    this.#call = undefined;
    this.#line.writer.end();
    this.#finish();
  }

  failed(error: Error): void {
    const { front, socket } = this.#line;
    const { context } = front;
    const { shown } = this.#routed;
    this.#call = undefined;
    this.#entry?.failed(error);
    if (socket.destroyed) return;
    reportFailure(context.log, 503, this.#head.method, shown, error);
    context.metrics.proxied(503);
    if (this.#status !== 0) {
      // The client must not take a part for the whole.
      socket.destroy();
      return;
    }
    this.#status = 503;
    this.#line.letGo();
    context.errorPages.render(503, shown).then(
      (page) => this.#answer(503, page),
      (reason: Error) => {
        context.log.error(reason.message);
        socket.destroy();
      },
    );
  }

  drained(): void {
    if (this.#bodyLeft > 0) this.#line.expire(UPLOAD_MS);
    this.#line.letGo();
  }

  /** A piece of the body goes to the target. */
  #pass(piece: Buffer): void {
    const call = this.#call;
    if (!call) return;
    const more = call.write(piece);
    if (this.#bodyLeft === 0) call.end();
    else if (!more) {
      // The silence that follows is the target's.
      this.#line.expire(STALLED_MS);
      this.#line.stop();
    }
  }

  #answer(status: number, page: ErrorPage): void {
    const { socket } = this.#line;
    if (socket.destroyed) return;
    if (this.#bodyLeft > 0) this.#close = true;
    const headers = this.#entry ? { ...page.headers, [REQUEST_ID]: this.#entry.id } : page.headers;
    socket.write(ownAnswerText(status, headers, page.body.length, this.#keepSeconds()), 'latin1');
    if (this.#head.method !== 'HEAD') socket.write(page.body);
    this.#finish();
  }

  /** A connection that was said to be closed is closed. */
  #keepSeconds(): number | undefined {
    const seconds = this.#line.front.keepSeconds;
    if (seconds === undefined) this.#close = true;
    return this.#close ? undefined : seconds;
  }

  #finish(): void {
    const { context } = this.#line.front;
    this.#entry?.ended(this.#status);
    this.#entry = undefined;
    if (this.#status < 300) context.routes.touch(this.#routed.route);
    if (context.options.timeout !== undefined) this.#line.socket.setTimeout(0);
    this.#line.finished(!this.#close);
  }
}
