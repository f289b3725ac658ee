import type { ServerResponse } from 'node:http';
import { apiVersionOf, type Kind } from './kinds.js';
import type { Stored } from './objects.js';
import type { Match } from './selectors.js';
import { ApiFailure, expired } from './status.js';
import type { Store, StoreEvent } from './store.js';

export interface WatchRequest {
  readonly kind: Kind;
  readonly namespace: string;
  readonly match: Match;
  /** `''` and `0`: everything there is comes first. */
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
}

interface Open {
  readonly response: ServerResponse;
  frozen: boolean;
  end(): void;
}

/** Streams of events. `bookmarkMs`: a real server sends one each minute, and one before the end. */
export class Watches {
  readonly #store: Store;
  readonly #bookmarkMs: number;
  readonly #open = new Set<Open>();

  constructor(store: Store, bookmarkMs: number) {
    this.#store = store;
    this.#bookmarkMs = bookmarkMs;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Cuts all, in order (the stream ends) or not (the connection is reset). */
  cut(how: 'end' | 'reset'): void {
    for (const open of [...this.#open]) {
      if (how === 'end') open.end();
      else open.response.socket?.resetAndDestroy();
    }
  }

  /** All fall silent and stay open: what a lost network looks like from the other side. No FIN ever comes. */
  freeze(): void {
    for (const open of this.#open) open.frozen = true;
  }

  serve(response: ServerResponse, request: WatchRequest): void {
    const { kind, resourceVersion } = request;
    const fresh = resourceVersion === '' || resourceVersion === '0';
    const version = fresh ? this.#store.version : Number(resourceVersion);
    if (!Number.isInteger(version))
      throw new ApiFailure(
        500,
        '',
        `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`,
      );
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    const write = (type: string, object: object): void => {
      if (!open.frozen) response.write(`${JSON.stringify({ type, object })}\n`);
    };
    const send = (event: StoreEvent): void => {
      const seen = translate(event, request);
      if (seen) write(seen.type, seen.object);
    };
    const bookmark = (): void => {
      const metadata = { resourceVersion: String(this.#store.version) };
      if (request.bookmarks) write('BOOKMARK', { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
    };
    const subscription = this.#store.listen(send);
    const timer = setInterval(bookmark, this.#bookmarkMs);
    const end = setTimeout(() => {
      bookmark();
      open.end();
    }, request.timeoutSeconds * 1_000);
    const open: Open = { response, frozen: false, end: () => void (open.frozen || response.end()) };
    this.#open.add(open);
    response.once('close', () => {
      clearInterval(timer);
      clearTimeout(end);
      subscription[Symbol.dispose]();
      this.#open.delete(open);
    });
    this.#begin(request, fresh, version, { write, send, open });
  }

  #begin(
    request: WatchRequest,
    fresh: boolean,
    version: number,
    to: { write(type: string, object: object): void; send(event: StoreEvent): void; readonly open: Open },
  ): void {
    if (fresh) {
      for (const object of this.#store.list(request.kind, request.namespace))
        if (request.match(object)) to.write('ADDED', object);
      return;
    }
    try {
      if (version < this.#store.oldest)
        throw expired(`too old resource version: ${version} (${this.#store.oldest})`);
      for (const event of this.#store.since(version)) to.send(event);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      // a real server has said 200 by then: the refusal is the stream's only event
      to.write('ERROR', error.status());
      to.open.end();
    }
  }
}

/** What a watch with a selector sees of a change: entering it is ADDED, leaving it is DELETED. */
function translate(
  event: StoreEvent,
  { kind, namespace, match }: WatchRequest,
): { readonly type: StoreEvent['type']; readonly object: Stored } | undefined {
  if (event.kind !== kind) return undefined;
  const { object, previous, type } = event;
  if (namespace !== '' && object.metadata.namespace !== namespace) return undefined;
  const before = previous !== undefined && match(previous);
  if (type === 'DELETED') return before ? { type, object } : undefined;
  const after = match(object);
  if (before && after) return { type: 'MODIFIED', object };
  if (after) return { type: 'ADDED', object };
  if (!before || !previous) return undefined;
  const { resourceVersion } = object.metadata;
  return { type: 'DELETED', object: { ...previous, metadata: { ...previous.metadata, resourceVersion } } };
}
