/** What a client's connection is given by the front it belongs to. */
import type { Socket } from 'node:net';
import type { EngineContext } from '../engine.js';
import type { UpstreamClient } from '../upstream/client.js';
import type { RequestWriter } from './request-text.js';

/** A connection as its front sees it. */
export interface Swept {
  /** Between two requests, and nothing of the next one has come. */
  readonly idle: boolean;
  /** @param now ms on the front's clock */
  sweep(now: number): void;
  destroy(): void;
}

export interface Front {
  readonly context: EngineContext;
  readonly client: UpstreamClient;
  readonly requests: RequestWriter;
  /** As told to clients; undefined when connections are not kept, since the listener has closed. */
  readonly keepSeconds: number | undefined;
  /** On the front's coarse clock: never earlier than in `ms`. */
  deadline(ms: number): number;
  /** The socket is Node's from here on. */
  handOver(connection: Swept, socket: Socket): void;
  forget(connection: Swept): void;
}
