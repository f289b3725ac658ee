import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CookieGuard } from '../guard/cookies.js';
import type { Route } from '../routes/route.js';
import type { Upstream } from '../routes/upstream.js';
import type { Refusal } from './request-rules.js';

/** One routed request between the front, which parsed and routed it, and the part that forwards it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly upstream: Upstream;
  /** Undefined for a route that may have all cookies. */
  readonly guard: CookieGuard | undefined;
  /** What the target is asked: path and query. */
  readonly path: string;
  /** The target has begun to answer. */
  answered(status: number): void;
  /** Answers with an error page, or ends the connection when the answer has begun. Only the first call counts. */
  fail(status: number, error: Error): void;
}

/** Forwards web requests; the upstream half of an engine. */
export interface WebForwarder extends Disposable {
  forward(exchange: Exchange): void;
  /** What this forwarder cannot carry faithfully. */
  refuse(request: IncomingMessage): Refusal | undefined;
  /** Connections to targets; `open` counts the idle ones too. */
  readonly counts: { readonly open: number; readonly idle: number };
}
