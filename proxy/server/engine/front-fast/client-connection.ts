/**
 * One client's connection in the fast front: one request at a time, from head to the end of its answer. What is
 * unusual leaves at a request boundary, with every octet that was read and before one was forwarded. Owns its
 * socket until then.
 */
import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorPage } from '../../error-pages.js';
import { END_OF_HEAD, hasBareLineFeed } from '../message/fields.js';
import { acceptRequestHead, type RequestHead } from '../message/request-head.js';
import type { ResponseHead } from '../message/response-head.js';
import { pathOf, reportFailure } from '../report.js';
import { type Routed, routeAtOnce } from '../routing.js';
import type { AnswerSink, Call } from '../upstream/call.js';
import { answerText, ownAnswerText } from './answer-text.js';
import { type ClientWriter, writerOf } from './client-writer.js';
import type { Front, Swept } from './front.js';
import type { ClientFacts } from './request-text.js';

/** ms. A head, a pause within an upload, and a farewell may take so long. */
const HEAD_MS = 60_000;
const UPLOAD_MS = 300_000;
const PART_MS = 5000;
/**
 * ms of a target's silence after which a client that has ended its half is taken to be gone. One that only sends
 * nothing more gets its answer; but a closed tab looks the same, and must not hold a stream of events open.
 */
const HALF_MS = 5000;
/** A head and a body no longer than this, come at once, go on as one text. */
const TEXT = 16 * 1024;
/** Octets of a body nobody wants that are read after the answer, so that the client gets to see the answer. */
const MAX_UNWANTED = 1024 * 1024;
const HEALTH = '/_chp_healthz';

type State = 'head' | 'busy' | 'parting';

export class ClientConnection implements AnswerSink, Swept {
  readonly #front: Front;
  readonly #socket: Socket;
  readonly #writer: ClientWriter;
  readonly #facts: ClientFacts;
  #state: State = 'head';
  /** ms on the front's clock. */
  #deadline: number;
  #partial: Buffer | undefined;
  #head: RequestHead | undefined;
  #routed: Routed | undefined;
  #call: Call | undefined;
  #bodyLeft = 0;
  #status = 0;
  #close = false;
  /** The client has ended its half. */
  #ended = false;
  #stopped = false;
  #unwanted = 0;

  constructor(front: Front, socket: Socket) {
    this.#front = front;
    this.#socket = socket;
    this.#writer = writerOf(socket);
    this.#facts = {
      address: socket.remoteAddress ?? '',
      encrypted: 'encrypted' in socket && socket.encrypted === true,
    };
    this.#deadline = front.deadline(HEAD_MS);
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('timeout', this.#onTimeout);
    socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  endIfIdle(): void {
    if (this.#state === 'head' && !this.#partial) this.#part();
  }

  /** The front's clock has moved. */
  sweep(now: number): void {
    if (now < this.#deadline) return;
    if (this.#socket.writableLength > 0 && (this.#state !== 'busy' || this.#ended)) {
      // Its answer is still on its way to a slow reader.
      this.#deadline = this.#front.deadline(PART_MS);
      return;
    }
    if (this.#state === 'head' && this.#partial) this.#refuse(408);
    else this.#socket.destroy();
  }

  // The answer.

  head(head: ResponseHead, whole: string | undefined): void {
    const { context, keepSeconds } = this.#front;
    const request = this.#head;
    const routed = this.#routed;
    if (!request || !routed || this.#socket.destroyed) return;
    this.#status = head.status;
    context.metrics.proxied(head.status);
    // Not all of the body has come: what follows on this connection is not known to be a request.
    if (this.#bodyLeft > 0) this.#close = true;
    const chunked =
      head.framing.kind === 'chunked' || (head.framing.kind === 'until-close' && whole === undefined);
    const text = answerText(head, request.host, routed.upstream, context.options, {
      keepSeconds: this.#close ? undefined : keepSeconds,
      chunked,
    });
    if (whole === undefined) {
      if (!this.#writer.begin(text, chunked)) this.#call?.pause();
      return;
    }
    this.#call = undefined;
    this.#socket.write(text + whole, 'latin1');
    this.#finish();
  }

  piece(piece: Buffer): boolean {
    if (this.#ended) this.#deadline = this.#front.deadline(HALF_MS);
    if (!this.#writer.piece(piece)) this.#call?.pause();
    return this.#socket.writableLength > 0;
  }

  end(): void {
    this.#call = undefined;
    this.#writer.end();
    this.#finish();
  }

  failed(error: Error): void {
    const { context } = this.#front;
    const { shown } = this.#routed ?? { shown: '' };
    this.#call = undefined;
    if (this.#socket.destroyed) return;
    reportFailure(context.log, 503, this.#head?.method, shown, error);
    context.metrics.proxied(503);
    if (this.#status !== 0) {
      // The client must not take a part for the whole.
      this.#socket.destroy();
      return;
    }
    this.#status = 503;
    this.#letGo();
    context.errorPages.render(503, shown).then(
      (page) => this.#answer(503, page),
      (reason: Error) => {
        context.log.error(reason.message);
        this.#socket.destroy();
      },
    );
  }

  drained(): void {
    this.#letGo();
  }

  // The request.

  readonly #onData = (bytes: Buffer): void => {
    if (this.#state === 'head') this.#read(bytes);
    else if (this.#state === 'parting') this.#discard(bytes.length);
    else if (this.#bodyLeft > 0) this.#body(bytes);
    else this.#hold(bytes);
  };

  #read(chunk: Buffer): void {
    const bytes = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0 && bytes.length <= maxHeaderSize && !hasBareLineFeed(bytes)) {
      if (!this.#partial) this.#deadline = this.#front.deadline(HEAD_MS);
      this.#partial = bytes;
      return;
    }
    this.#partial = undefined;
    const text =
      end < 0 || end > maxHeaderSize
        ? ''
        : bytes.toString('latin1', 0, bytes.length <= TEXT ? bytes.length : end + 4);
    const head = acceptRequestHead(text, end);
    const { context } = this.#front;
    const routed =
      head && head.target !== HEALTH
        ? routeAtOnce(head.target, head.host, context.routes, context.options, context.hostRouting)
        : undefined;
    if (head && routed?.kind === 'routed') this.#forward(head, routed, bytes, text, end + 4);
    else this.#handOver(bytes);
  }

  /** To Node's parser, which serves it or says what is wrong with it. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.off('timeout', this.#onTimeout);
    socket.pause();
    socket.unshift(bytes);
    this.#front.handOver(this, socket);
    socket.resume();
  }

  #forward(head: RequestHead, routed: Routed, bytes: Buffer, text: string, start: number): void {
    const { context, client, requests } = this.#front;
    context.metrics.web();
    context.log.debug(`PROXY WEB ${pathOf(routed.shown)} to ${routed.route.target}`);
    if (context.options.timeout !== undefined) this.#socket.setTimeout(context.options.timeout);
    const length = head.contentLength ?? 0;
    const bodyEnd = Math.min(bytes.length, start + length);
    this.#state = 'busy';
    this.#head = head;
    this.#routed = routed;
    this.#status = 0;
    this.#close = head.close;
    this.#bodyLeft = length - (bodyEnd - start);
    this.#deadline = this.#bodyLeft > 0 ? this.#front.deadline(UPLOAD_MS) : Number.POSITIVE_INFINITY;
    const asText = text.length >= bodyEnd;
    const own = requests.write(head, routed.path, routed.upstream, this.#facts);
    if (bodyEnd > start) context.routes.touch(routed.route);
    this.#call = client.call(
      routed.upstream,
      {
        text: asText && bodyEnd > start ? own + text.slice(start, bodyEnd) : own,
        toHead: head.method === 'HEAD',
        complete: this.#bodyLeft === 0 && asText,
        replayable: length === 0 && (head.method === 'GET' || head.method === 'HEAD'),
        last: false,
      },
      this,
    );
    if (!asText) this.#pass(bytes.subarray(start, bodyEnd));
    if (bodyEnd < bytes.length) this.#hold(bytes.subarray(bodyEnd));
  }

  #body(bytes: Buffer): void {
    const count = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= count;
    if (this.#routed) this.#front.context.routes.touch(this.#routed.route);
    this.#deadline = this.#bodyLeft > 0 ? this.#front.deadline(UPLOAD_MS) : Number.POSITIVE_INFINITY;
    this.#pass(count === bytes.length ? bytes : bytes.subarray(0, count));
    if (count < bytes.length) this.#hold(bytes.subarray(count));
  }

  #pass(piece: Buffer): void {
    const call = this.#call;
    if (!call) return;
    const more = call.write(piece);
    if (this.#bodyLeft === 0) call.end();
    else if (!more) {
      // The silence that follows is the target's.
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#stop();
    }
  }

  /** Octets beyond the request: the next one may begin there, but not before this one is answered. */
  #hold(bytes: Buffer): void {
    this.#stop();
    this.#socket.unshift(bytes);
  }

  #stop(): void {
    this.#stopped = true;
    this.#socket.pause();
  }

  #letGo(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    if (this.#bodyLeft > 0) this.#deadline = this.#front.deadline(UPLOAD_MS);
    this.#socket.resume();
  }

  // The end of a request, and of the connection.

  #answer(status: number, page: ErrorPage): void {
    if (this.#socket.destroyed) return;
    if (this.#bodyLeft > 0) this.#close = true;
    const keep = this.#close ? undefined : this.#front.keepSeconds;
    this.#socket.write(ownAnswerText(status, page.headers, page.body.length, keep), 'latin1');
    if (this.#head?.method !== 'HEAD') this.#socket.write(page.body);
    this.#finish();
  }

  #finish(): void {
    if (this.#status < 300 && this.#routed) this.#front.context.routes.touch(this.#routed.route);
    if (this.#front.context.options.timeout !== undefined) this.#socket.setTimeout(0);
    this.#head = undefined;
    this.#routed = undefined;
    if (this.#close || this.#ended) {
      this.#part();
      return;
    }
    this.#state = 'head';
    this.#deadline = this.#front.deadline(this.#front.context.options.keepAliveTimeout);
    // The next request waits for whoever does not read its answers.
    if (this.#socket.writableNeedDrain) this.#stop();
    else this.#letGo();
  }

  #part(): void {
    this.#state = 'parting';
    this.#bodyLeft = 0;
    this.#deadline = this.#front.deadline(PART_MS);
    this.#socket.end();
    this.#letGo();
  }

  #discard(count: number): void {
    this.#unwanted += count;
    if (this.#unwanted > MAX_UNWANTED) this.#socket.destroy();
  }

  #refuse(status: number): void {
    this.#socket.write(ownAnswerText(status, {}, 0, undefined), 'latin1');
    this.#partial = undefined;
    this.#part();
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#state === 'busy') {
      if (this.#bodyLeft > 0) this.#socket.destroy();
      else this.#deadline = this.#front.deadline(HALF_MS);
    } else if (this.#state === 'head') {
      if (this.#partial) this.#refuse(400);
      else this.#socket.end();
    }
  };

  readonly #onDrain = (): void => {
    this.#call?.resume();
    if (this.#state === 'head') this.#letGo();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onTimeout = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#front.forget(this);
    this.#call?.abort();
    this.#call = undefined;
  };
}
