/**
 * A target's answer on its way to the client. What a target breaks off is broken off here too, at once: a client
 * never waits for the rest, and never takes a part for the whole.
 */
import type { IncomingMessage } from 'node:http';
import type { ForwardOptions } from '../options.js';
import { cutOff } from './cut-off.js';
import type { Exchange } from './exchange.js';
import { reasonPhrase, responseHeaders } from './headers.js';

export function relayResponse(answer: IncomingMessage, exchange: Exchange, options: ForwardOptions): void {
  const { request, response } = exchange;
  const status = answer.statusCode ?? 0;
  answer.on('error', () => cutOff(request, response));
  if (status < 200 || status > 999) {
    answer.destroy();
    exchange.fail(503, new Error(`the target answered with status ${status}`));
    return;
  }
  if (response.destroyed) {
    answer.destroy();
    return;
  }
  answer.once('close', () => {
    if (!answer.complete) cutOff(request, response);
  });
  exchange.answered(status);
  const headers = responseHeaders(answer, request, exchange.upstream, options, exchange.guard);
  response.writeHead(status, reasonPhrase(answer.statusMessage), headers);
  // A stream of events may say nothing for a while: its head must not wait for the first of them.
  if (headers['content-length'] === undefined && request.method !== 'HEAD') response.flushHeaders();
  answer.pipe(response);
}
