/** One upgrade as the tunnel is given it, and the header lines of its answer. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CookieGuard } from '../../guard/cookies.js';
import type { ResponseHead } from '../../message/response-head.js';
import type { ForwardOptions } from '../../options.js';
import type { Upstream } from '../../routes/upstream.js';
import { eachAnswerField } from '../answer-fields.js';
import type { HeaderMap } from '../headers.js';
import { headLines } from '../raw-answer.js';

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came with the request beyond its head. */
  readonly head: Buffer;
  readonly upstream: Upstream;
  /** Undefined for a route that may have all cookies. */
  readonly guard: CookieGuard | undefined;
  readonly path: string;
  /** The proxy's own fields of the answer; the target's win. */
  readonly answerHeaders: HeaderMap;
  /** The client sent something. */
  readonly active: () => void;
  answered(status: number): void;
  failed(status: number, error: Error): void;
}

/** What the target says, and our own word where it says nothing; without framing and connection. */
export function answerLines(exchange: UpgradeExchange, head: ResponseHead, options: ForwardOptions): string {
  const { request, upstream, guard, answerHeaders } = exchange;
  const own = { ...answerHeaders };
  let lines = '';
  eachAnswerField(head, request.headers.host, upstream, options, guard, (name, content) => {
    delete own[name];
    lines += `${name}: ${content}\r\n`;
  });
  return lines + headLines(own);
}
