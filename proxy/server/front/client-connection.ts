/**
 * One client's connection in the strict front: reads one head after another, and has one exchange at a time. What is
 * unusual leaves at a request boundary, with every octet that was read and before one was acted on. Owns its
 * socket until then: its pace, its clock and its end.
 */
import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import { END_OF_HEAD, hasBareLineFeed } from '../message/fields.js';
import { acceptRequestHead, type RequestFields } from '../message/request-head.js';
import { keptCopy } from '../sockets/read-memory.js';
import type { ClientReads, OctetReader } from './client-reads.js';
import type { ClientService, Exchange, Front, Line, Swept } from './front.js';
import { LINGER_MS, LONGEST_LINGER_MS } from './linger.js';
import { ownAnswerText } from './own-answer.js';

/** ms. A head may take so long, and a reader beyond its time to take the rest of its answer. */
const HEAD_MS = 60_000;
/** Beyond what the client was told, so that a request that is on its way at that moment is served (as Node does). */
const GRACE_MS = 1000;
const SLOW_READER_MS = 3_600_000;
/** A head and a body no longer than this, come at once, go on as one text. */
const TEXT = 16 * 1024;
/** Octets of following requests that are kept while one is answered; then nothing more is read. */
const MAX_HELD = 64 * 1024;
/** Octets of a request, so that idle connections hold little. */
const MAX_REMEMBERED = 4096;

export class ClientConnection implements Line, Swept, OctetReader {
  readonly socket: Socket;
  readonly #front: Front;
  readonly #service: ClientService;
  readonly #reads: ClientReads | undefined;
  ended = false;
  #exchange: Exchange | undefined;
  /** Of the last request. */
  #fields: RequestFields | undefined;
  #parting = false;
  /** What has come of the next head. */
  #partial: Buffer | undefined;
  /** What has come beyond the request that is being answered. */
  #held: Buffer | undefined;
  #stopped = false;
  /** ms on the front's clock. */
  #deadline: number;
  /** The same, for what comes after the last answer. */
  #partBy = 0;
  /** The same, for a reader to take the rest of an answer. */
  #patience = 0;

  /** @param reads how the socket is read; undefined: by its `data` events */
  constructor(front: Front, socket: Socket, reads?: ClientReads) {
    this.#front = front;
    this.#reads = reads;
    this.socket = socket;
    this.#service = front.service.client(this);
    this.#deadline = front.deadline(HEAD_MS);
    socket.setNoDelay(true);
    if (reads) reads.readInto(this);
    else socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.destroy);
    socket.on('timeout', this.destroy);
    socket.on('close', this.#onClose);
    socket.resume();
  }

  get idle(): boolean {
    return !this.#exchange && !this.#partial && !this.#parting && this.socket.writableLength === 0;
  }

  get keepSeconds(): number | undefined {
    return this.#front.keepSeconds;
  }

  readonly destroy = (): void => {
    this.socket.destroy();
  };

  sweep(now: number): void {
    if (now < this.#deadline) return;
    const waits = this.socket.writableLength > 0 && (!this.#exchange || this.ended);
    if (waits && now < this.#patience) {
      // Its answer is still on its way to a slow reader.
      this.#deadline = this.#front.deadline(LINGER_MS);
    } else if (!this.#exchange && this.#partial && !this.#parting) this.#refuse(408);
    else this.socket.destroy();
  }

  // What those who answer ask of it.

  expire(ms: number | undefined): void {
    this.#deadline = ms === undefined ? Number.POSITIVE_INFINITY : this.#front.deadline(ms);
    this.#patience = this.#deadline + SLOW_READER_MS;
  }

  stop(): void {
    this.#stopped = true;
    this.socket.pause();
  }

  letGo(): void {
    if (!this.#stopped || (this.#held && this.#held.length > MAX_HELD)) return;
    this.#stopped = false;
    this.socket.resume();
  }

  finished(keep: boolean): void {
    this.#exchange = undefined;
    if (!keep || (this.ended && !this.#held)) {
      this.#part();
      return;
    }
    this.expire(this.#front.service.keepAliveTimeout + GRACE_MS);
    // The next request waits for whoever does not read its answers.
    if (this.socket.writableNeedDrain) this.stop();
    else this.#goOn();
  }

  // What comes.

  get inBody(): boolean {
    return this.#exchange !== undefined && this.#exchange.bodyLeft > 0;
  }

  received(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (this.#parting) this.#discard();
    else if (!exchange && !this.#held) this.#read(bytes);
    else if (exchange && exchange.bodyLeft > 0) {
      const count = exchange.body(keptCopy(bytes), !this.#reads);
      if (exchange.keepsBody) this.#reads?.lend();
      if (count < bytes.length) this.#hold(bytes.subarray(count));
    } else this.#hold(bytes);
  }

  readonly #onData = (bytes: Buffer): void => this.received(bytes);

  #read(chunk: Buffer): void {
    const bytes = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0 && bytes.length <= maxHeaderSize && !hasBareLineFeed(bytes)) {
      if (!this.#partial) this.expire(HEAD_MS);
      // A copy, since the memory may be read into again; so are the others that are kept.
      this.#partial = Buffer.from(bytes);
      return;
    }
    this.#partial = undefined;
    const text =
      end < 0 || end > maxHeaderSize
        ? ''
        : bytes.toString('latin1', 0, bytes.length <= TEXT ? bytes.length : end + 4);
    const head = acceptRequestHead(text, end, this.#fields);
    const exchange = head && this.#service.exchange(head);
    if (!exchange) {
      this.#handOver(bytes);
      return;
    }
    // A part of a text holds the whole of it, with a body that has long been sent.
    this.#fields = text.length <= MAX_REMEMBERED ? head.fields : undefined;
    this.#exchange = exchange;
    const used = exchange.begin(bytes, text, end + 4);
    if (used < bytes.length) this.#hold(bytes.subarray(used));
  }

  /** To Node's parser, which serves it or says what is wrong with it. */
  #handOver(bytes: Buffer): void {
    const { socket } = this;
    if (this.ended) {
      // Node drops a request whose sender has ended its half; and nothing can be put back into an ended socket.
      this.#part();
      return;
    }
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.destroy);
    socket.off('timeout', this.destroy);
    socket.off('close', this.#onClose);
    socket.pause();
    this.#reads?.readInto(undefined);
    socket.unshift(Buffer.from(bytes));
    this.#front.handOver(this, socket);
    socket.resume();
  }

  /** Octets beyond the request: the next one may begin there, but not before this one is answered. */
  #hold(bytes: Buffer): void {
    this.#held = Buffer.concat(this.#held ? [this.#held, bytes] : [bytes]);
    // Until there is much, reading goes on, for the sake of hearing that the client has gone.
    if (this.#held.length > MAX_HELD) this.stop();
  }

  /** To the next request. Not within the call that ended the last one. */
  #goOn(): void {
    if (this.#held) process.nextTick(this.#readHeld);
    else this.letGo();
  }

  readonly #readHeld = (): void => {
    const bytes = this.#held;
    if (!bytes || this.#exchange || this.#parting || this.socket.destroyed) return;
    this.#held = undefined;
    this.letGo();
    this.#read(bytes);
    if (this.ended && !this.#exchange) this.#endOfRequests();
  };

  readonly #onEnd = (): void => {
    this.ended = true;
    if (this.#exchange) this.#exchange.halfClosed();
    else if (!this.#parting && !this.#held) this.#endOfRequests();
  };

  /** No more comes, and nothing is being answered. */
  #endOfRequests(): void {
    if (this.#partial) this.#refuse(400);
    else this.#part();
  }

  readonly #onDrain = (): void => {
    if (this.#exchange) this.#exchange.writable();
    else if (!this.#parting) this.#goOn();
  };

  readonly #onClose = (): void => {
    this.#front.forget(this);
    this.#exchange?.abort();
    this.#exchange = undefined;
  };

  // The end of the connection.

  #part(): void {
    this.#parting = true;
    this.#held = undefined;
    this.expire(LINGER_MS);
    this.#partBy = this.#front.deadline(LONGEST_LINGER_MS);
    this.socket.end();
    this.letGo();
  }

  /** Of a body nobody wants, from a client that may not read before it has sent all of it. */
  #discard(): void {
    this.#deadline = Math.min(this.#front.deadline(LINGER_MS), this.#partBy);
  }

  #refuse(status: number): void {
    this.socket.write(ownAnswerText(status, {}, 0, undefined), 'latin1');
    this.#partial = undefined;
    this.#part();
  }
}
