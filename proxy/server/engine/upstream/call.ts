/** One request to a target: what is asked, who gets the answer, and the handle by which the asker goes on. */

import type { ResponseHead } from '../../message/response-head.js';
import type { Upstream } from '../../routes/upstream.js';

/** Gets the answer. Exactly one of `head` with a whole body, `end` and `failed` comes last. */
export interface AnswerSink {
  /** @param whole the complete body, as latin1 text, when it came with the head; then nothing else comes */
  head(head: ResponseHead, whole: string | undefined): void;
  /** @returns whether the piece is still referred to after the call: then its memory is not used again */
  piece(piece: Buffer): boolean;
  end(): void;
  /** Before `head` or after it. */
  failed(error: Error): void;
  /** The request's body may go on. */
  drained(): void;
}

export interface CallRequest {
  /** The head, and as much of the body as is at hand; latin1. */
  readonly text: string;
  readonly toHead: boolean;
  /** Nothing of the body is to come. */
  readonly complete: boolean;
  /** Without body and effect: may be sent again when a kept connection turns out to be dead. */
  readonly replayable: boolean;
  /** Its body is one that some servers do not read: no other request may follow on the same connection. */
  readonly last: boolean;
}

/** The connection's half, so that this file knows nothing of sockets. */
export interface Carrier {
  write(piece: Buffer, given: boolean): boolean;
  writeChunk(data: Buffer): boolean;
  end(last: string): void;
  /** The memory of what was written last is still referred to. */
  readonly keeps: boolean;
  pause(): void;
  resume(): void;
  destroy(): void;
}

export class Call {
  readonly upstream: Upstream;
  readonly request: CallRequest;
  readonly sink: AnswerSink;
  /** The whole request has been written. */
  complete: boolean;
  carrier: Carrier | undefined;

  constructor(upstream: Upstream, request: CallRequest, sink: AnswerSink) {
    this.upstream = upstream;
    this.request = request;
    this.sink = sink;
    this.complete = request.complete;
  }

  /**
   * @param given the piece's memory is nobody else's and goes with it
   * @returns false when `drained` should be waited for
   */
  write(piece: Buffer, given: boolean): boolean {
    return this.carrier?.write(piece, given) ?? true;
  }

  /** The memory of what was written last, and not given, is still referred to. */
  get keeps(): boolean {
    return this.carrier?.keeps ?? false;
  }

  /** In chunked framing. */
  writeChunk(data: Buffer): boolean {
    return data.length === 0 ? true : (this.carrier?.writeChunk(data) ?? true);
  }

  /** @param last what ends the body on the wire */
  end(last = ''): void {
    this.carrier?.end(last);
    this.complete = true;
  }

  /** The asker takes no more for now. */
  pause(): void {
    this.carrier?.pause();
  }

  resume(): void {
    this.carrier?.resume();
  }

  /** The asker has gone; nothing comes any more. */
  abort(): void {
    const carrier = this.carrier;
    this.carrier = undefined;
    carrier?.destroy();
  }
}
