/**
 * What stands between a listener's connections and those who answer requests on them: a front reads strictly what is
 * usual, a service answers it, and everything else is Node's.
 */
import type { Socket } from 'node:net';
import type { RequestHead } from '../message/request-head.js';

/** Answers requests; one for each listener. */
export interface Service {
  /** ms that a connection may lie idle between two requests. */
  readonly keepAliveTimeout: number;
  client(line: Line): ClientService;
}

/** Answers the requests of one client's connection, one at a time. */
export interface ClientService {
  /** @returns undefined for one that Node's front is to serve: nothing has come of it yet */
  exchange(head: RequestHead): Exchange | undefined;
}

/** One request, from its accepted head to the end of its answer. */
export interface Exchange {
  /** Octets of the body that have not come yet. */
  readonly bodyLeft: number;
  /** The memory of what came last, and was not given, is still referred to. */
  readonly keepsBody: boolean;
  /**
   * Called once, first.
   * @param bytes what was read: the head, and what came with it
   * @param text the same as latin1, or only the head of it
   * @param start where the body begins in both
   * @returns where the request ends in `bytes`, so far
   */
  begin(bytes: Buffer, text: string, start: number): number;
  /**
   * More has come while the body is not complete.
   * @param given the memory of `bytes` is nobody else's, and goes with them if they all belong to the body
   * @returns how much of it belongs to the body
   */
  body(bytes: Buffer, given: boolean): number;
  /** The client has ended its half. */
  halfClosed(): void;
  /** The client takes more again. */
  writable(): void;
  /** The client is gone. */
  abort(): void;
}

/** The client's connection, as those who answer on it see it. */
export interface Line {
  readonly socket: Socket;
  /** The client has ended its half. */
  readonly ended: boolean;
  /** As told to the client; undefined when the connection is not kept, since the listener has closed. */
  readonly keepSeconds: number | undefined;
  /** Its time is up after so many ms; undefined: it has all the time. */
  expire(ms: number | undefined): void;
  /** Nothing is read from the client until `letGo`. */
  stop(): void;
  letGo(): void;
  /** The answer is written. @param keep whether another request may follow */
  finished(keep: boolean): void;
}

/** What a connection is given by the listener it came to. */
export interface Front {
  readonly service: Service;
  readonly keepSeconds: number | undefined;
  /** On the front's coarse clock: never earlier than in `ms`. */
  deadline(ms: number): number;
  /** The socket is Node's from here on. */
  handOver(connection: Swept, socket: Socket): void;
  forget(connection: Swept): void;
}

/** A connection as its front sees it. */
export interface Swept {
  /** Between two requests, and nothing of the next one has come. */
  readonly idle: boolean;
  /** @param now ms on the front's clock */
  sweep(now: number): void;
  destroy(): void;
}
