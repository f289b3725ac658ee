/**
 * Forwards what the `node:http` front has parsed over our own upstream client. Owns the framing of the request on
 * its way to the target and the pace of both directions; the answer's octets are Node's to frame.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead } from '../message/response-head.js';
import type { ForwardOptions } from '../options.js';
import { isStillNeeded, SMALL_PIECE } from '../sockets/read-memory.js';
import { eachAnswerField } from './answer-fields.js';
import { cutOff } from './cut-off.js';
import type { EngineContext } from './engine.js';
import type { Exchange, WebForwarder } from './exchange.js';
import { type HeaderMap, lengthOfNothing, requestHeaders } from './headers.js';
import { headLines } from './raw-answer.js';
import { isLastOnConnection } from './request-rules.js';
import { discardRest } from './unwanted-body.js';
import type { AnswerSink, Call } from './upstream/call.js';
import type { UpstreamClient } from './upstream/client.js';

export class RawForwarder implements WebForwarder {
  readonly #options: ForwardOptions;
  readonly #client: UpstreamClient;

  /** @param client whoever made it disposes of it */
  constructor(context: EngineContext, client: UpstreamClient) {
    this.#options = context.options;
    this.#client = client;
  }

  forward(exchange: Exchange): void {
    const { request, response, upstream } = exchange;
    const framing = framingOf(request);
    const text = headText(exchange, framing, this.#options);
    const answer = new RelayedAnswer(exchange, this.#options);
    const call = this.#client.call(
      upstream,
      {
        text,
        toHead: request.method === 'HEAD',
        complete: framing.kind === 'none',
        replayable: framing.kind === 'none' && (request.method === 'GET' || request.method === 'HEAD'),
        last: isLastOnConnection(request),
      },
      answer,
    );
    answer.started(call);
    response.once('close', () => {
      if (!answer.settled) call.abort();
    });
    if (framing.kind !== 'none') upload(request, call, framing.kind === 'chunked');
    else request.resume();
  }

  get counts(): { readonly open: number; readonly idle: number } {
    return this.#client.counts;
  }

  refuse(): undefined {
    return undefined;
  }

  [Symbol.dispose](): void {
    // The client is not ours.
  }
}

type RequestFraming =
  | { readonly kind: 'none'; readonly field: string }
  | { readonly kind: 'length'; readonly field: string }
  | { readonly kind: 'chunked'; readonly field: string };

/** Node has parsed it and request-rules.ts has refused all but these. */
function framingOf(request: IncomingMessage): RequestFraming {
  if (request.headers['transfer-encoding'] !== undefined) {
    return { kind: 'chunked', field: 'transfer-encoding: chunked\r\n' };
  }
  const length = request.headers['content-length'];
  if (length === undefined) return { kind: 'none', field: lengthOfNothing(request.method ?? 'GET') };
  const count = Number(length);
  return { kind: count === 0 ? 'none' : 'length', field: `content-length: ${count}\r\n` };
}

function headText(exchange: Exchange, framing: RequestFraming, options: ForwardOptions): string {
  const { request, upstream, path, guard } = exchange;
  const headers: HeaderMap = requestHeaders(request, 'web', upstream, options, guard);
  for (const name of ['content-length', 'transfer-encoding', 'connection'] as const) delete headers[name];
  headers['host'] ??= upstream.authority;
  const closing = isLastOnConnection(request) ? 'connection: close\r\n' : '';
  return `${request.method ?? 'GET'} ${path} HTTP/1.1\r\n${headLines(headers)}${framing.field}${closing}\r\n`;
}

function upload(request: IncomingMessage, call: Call, chunked: boolean): void {
  request.on('data', (chunk: Buffer) => {
    // Not given: Node's parser may have cut several pieces from one read.
    const more = chunked ? call.writeChunk(chunk) : call.write(chunk, false);
    if (!more) request.pause();
  });
  request.once('end', () => call.end(chunked ? '0\r\n\r\n' : ''));
}

class RelayedAnswer implements AnswerSink {
  readonly #exchange: Exchange;
  readonly #options: ForwardOptions;
  #call: Call | undefined;
  #begun = false;
  settled = false;

  constructor(exchange: Exchange, options: ForwardOptions) {
    this.#exchange = exchange;
    this.#options = options;
    // Only when back-pressure was met: `drain` does not come otherwise.
    exchange.response.on('drain', () => this.#call?.resume());
  }

  started(call: Call): void {
    this.#call = call;
  }

  head(head: ResponseHead, whole: string | undefined): void {
    const { request, response, upstream, guard } = this.#exchange;
    if (whole !== undefined) this.settled = true;
    if (response.destroyed) {
      this.#call?.abort();
      return;
    }
    this.#begun = true;
    this.#exchange.answered(head.status);
    const headers: HeaderMap = {};
    eachAnswerField(head, request.headers.host, upstream, this.#options, guard, (name, content) =>
      add(headers, name, content),
    );
    response.writeHead(head.status, head.reason, headers);
    if (whole !== undefined) this.#finish(response, whole);
    // A stream of events may say nothing for a while: its head must not wait for the first of them.
    else response.flushHeaders();
  }

  piece(piece: Buffer): boolean {
    const { response } = this.#exchange;
    if (response.destroyed) {
      this.#call?.abort();
      return false;
    }
    const small = piece.length <= SMALL_PIECE;
    const more = small ? response.write(piece.toString('latin1'), 'latin1') : response.write(piece);
    if (!more) this.#call?.pause();
    return !small && isStillNeeded(response);
  }

  end(): void {
    this.settled = true;
    this.#finish(this.#exchange.response, '');
  }

  failed(error: Error): void {
    this.settled = true;
    const { request, response } = this.#exchange;
    if (this.#begun) cutOff(request, response);
    else this.#exchange.fail(503, error);
    discardRest(request, response);
  }

  drained(): void {
    this.#exchange.request.resume();
  }

  #finish(response: ServerResponse, text: string): void {
    response.end(text, 'latin1');
    discardRest(this.#exchange.request, response);
  }
}

function add(headers: HeaderMap, name: string, content: string): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (before === undefined) {
    Object.defineProperty(headers, name, {
      value: content,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else headers[name] = Array.isArray(before) ? [...before, content] : [before, content];
}
