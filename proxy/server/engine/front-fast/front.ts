/** What a client's connection is given by the front it belongs to. */
import type { Socket } from 'node:net';
import type { EngineContext } from '../engine.js';
import type { UpstreamClient } from '../upstream/client.js';
import type { RequestWriter } from './request-text.js';

/** A connection as its front sees it. */
export interface Swept {
  /** @param now ms on the front's clock */
  sweep(now: number): void;
  /** Ends it where it waits for a request. */
  endIfIdle(): void;
  destroy(): void;
}

export interface Front {
  readonly context: EngineContext;
  readonly client: UpstreamClient;
  readonly requests: RequestWriter;
  /** As told to clients. */
  readonly keepSeconds: number;
  /** On the front's coarse clock: never earlier than in `ms`. */
  deadline(ms: number): number;
  /** The socket is Node's from here on. */
  handOver(connection: Swept, socket: Socket): void;
  forget(connection: Swept): void;
}
