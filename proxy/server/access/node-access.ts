/** The access log as the `node:http` front uses it: entries by request, ended by what Node tells of its end. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HeaderMap } from '../engine/headers.js';
import type { Route } from '../routes/route.js';
import type { AccessLog } from './access-log.js';
import type { AccessEntry } from './entry.js';
import { REQUEST_ID, requestId } from './request-id.js';

export class NodeAccess {
  readonly #log: AccessLog | undefined;
  readonly #entries = new WeakMap<IncomingMessage, AccessEntry>();
  readonly #statuses = new WeakMap<IncomingMessage, number>();

  /** @param log undefined: nothing is done */
  constructor(log: AccessLog | undefined) {
    this.#log = log;
  }

  web(request: IncomingMessage, response: ServerResponse): void {
    const entry = this.#begin(request, false);
    if (!entry) return;
    response.setHeader(REQUEST_ID, entry.id);
    response.once('close', () => {
      if (!response.writableFinished) entry.failed('the connection closed before the answer was complete');
      entry.ended(response.headersSent ? response.statusCode : 0);
    });
  }

  upgrade(request: IncomingMessage, socket: Socket): void {
    const entry = this.#begin(request, true);
    if (entry) socket.once('close', () => entry.ended(this.#statuses.get(request) ?? 0));
  }

  /** What an upgrade's answer is given besides the target's fields. */
  answerHeaders(request: IncomingMessage): HeaderMap {
    const entry = this.#entries.get(request);
    return entry ? { [REQUEST_ID]: entry.id } : {};
  }

  routed(request: IncomingMessage, route: Route): void {
    this.#entries.get(request)?.routed(route);
  }

  /** What an upgrade was answered with. */
  answered(request: IncomingMessage, status: number): void {
    if (this.#log) this.#statuses.set(request, status);
  }

  failed(request: IncomingMessage, error: unknown): void {
    this.#entries.get(request)?.failed(error);
  }

  #begin(request: IncomingMessage, upgrade: boolean): AccessEntry | undefined {
    if (!this.#log) return undefined;
    const { headers, method = '', url = '/', socket } = request;
    const id = requestId(headers[REQUEST_ID]);
    // Goes on to the target as any other header does.
    headers[REQUEST_ID] = id;
    const forwarded = headers['x-forwarded-for'];
    const forwardedFor = forwarded === undefined ? undefined : String(forwarded);
    const entry = this.#log.begin({ id, method, url, forwardedFor, upgrade }, socket);
    this.#entries.set(request, entry);
    return entry;
  }
}
