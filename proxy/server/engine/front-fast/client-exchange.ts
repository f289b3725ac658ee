/**
 * One request of the fast front, from its accepted head to the end of its answer. Owns the call to the target and
 * the count of the body; the connection underneath, its pace and its clock are the line's.
 */
import type { AccessEntry } from '../../access/entry.js';
import { fastEntry } from '../../access/fast-access.js';
import { REQUEST_ID } from '../../access/request-id.js';
import type { ErrorPage } from '../../error-pages.js';
import type { Exchange, Line } from '../../front/front.js';
import { ownAnswerText } from '../../front/own-answer.js';
import { pathOf } from '../../message/path-of.js';
import type { RequestHead } from '../../message/request-head.js';
import type { ResponseHead } from '../../message/response-head.js';
import type { EngineContext } from '../engine.js';
import { reportFailure } from '../report.js';
import type { Routed } from '../routing.js';
import type { AnswerSink, Call } from '../upstream/call.js';
import type { UpstreamClient } from '../upstream/client.js';
import { answerText } from './answer-text.js';
import type { ClientWriter } from './client-writer.js';
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

/** What the requests of one client have in common. */
export interface Client {
  readonly line: Line;
  readonly context: EngineContext;
  readonly upstreams: UpstreamClient;
  readonly requests: ClientRequests;
  readonly writer: ClientWriter;
}

export class ClientExchange implements Exchange, AnswerSink {
  readonly #client: Client;
  readonly #line: Line;
  readonly #head: RequestHead;
  readonly #routed: Routed;
  #entry: AccessEntry | undefined;
  #call: Call | undefined;
  #bodyLeft = 0;
  #status = 0;
  #close: boolean;

  constructor(client: Client, head: RequestHead, routed: Routed) {
    this.#client = client;
    this.#line = client.line;
    this.#head = head;
    this.#routed = routed;
    this.#close = head.fields.close;
  }

  get bodyLeft(): number {
    return this.#bodyLeft;
  }

  /** Sends the request off. */
  begin(bytes: Buffer, text: string, start: number): number {
    const { context, upstreams, requests } = this.#client;
    const { socket } = this.#line;
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
    this.#call = upstreams.call(
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
    if (!asText) this.#pass(Buffer.from(bytes.subarray(start, bodyEnd)), false);
    return bodyEnd;
  }

  get keepsBody(): boolean {
    return this.#call?.keeps ?? false;
  }

  body(bytes: Buffer, given: boolean): number {
    const count = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= count;
    this.#client.context.routes.touch(this.#routed.route);
    this.#line.expire(this.#bodyLeft > 0 ? UPLOAD_MS : undefined);
    if (count === bytes.length) this.#pass(bytes, given);
    else this.#pass(bytes.subarray(0, count), false);
    return count;
  }

  halfClosed(): void {
    // A part of a body is no request.
    if (this.#bodyLeft > 0) this.#line.socket.destroy();
    else this.#line.expire(HALF_MS);
  }

  writable(): void {
    this.#call?.resume();
  }

  abort(): void {
    this.#call?.abort();
    this.#call = undefined;
    this.#entry?.failed('the connection closed before the answer was complete');
    this.#entry?.ended(this.#status);
  }

  // The answer.

  head(head: ResponseHead, whole: string | undefined): void {
    const { context, writer } = this.#client;
    const { socket } = this.#line;
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
    const { writer } = this.#client;
    if (this.#line.ended) this.#line.expire(HALF_MS);
    if (!writer.piece(piece)) this.#call?.pause();
    return writer.keeps;
  }

  end(): void {
    this.#call = undefined;
    this.#client.writer.end();
    this.#finish();
  }

  failed(error: Error): void {
    const { context } = this.#client;
    const { socket } = this.#line;
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
  #pass(piece: Buffer, given: boolean): void {
    const call = this.#call;
    if (!call) return;
    const more = call.write(piece, given);
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
    const seconds = this.#line.keepSeconds;
    if (seconds === undefined) this.#close = true;
    return this.#close ? undefined : seconds;
  }

  #finish(): void {
    const { context } = this.#client;
    this.#entry?.ended(this.#status);
    this.#entry = undefined;
    if (this.#status < 300) context.routes.touch(this.#routed.route);
    if (context.options.timeout !== undefined) this.#line.socket.setTimeout(0);
    this.#line.finished(!this.#close);
  }
}
