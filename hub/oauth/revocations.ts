/**
 * `GET /hub/api/anteroom/revocations?since=N`: a server of ours asks what it must stop trusting and is answered when there
 * is something, or after a minute. Cursors are the store's and outlive the hub, so a server that was away misses
 * nothing. One request for each server; a newer one ends the older.
 *
 * Who deletes tokens adds the rows (`revocationsOf`) in the same transaction, and rings afterwards; rows that come
 * without a ring (another process) are found by looking twice a second while anybody waits.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { serverPath } from '../../core/model/names.js';
import type { Timestamp } from '../../core/model/time.js';
import { publicTokenId } from '../../core/wire/tokens.js';
import { httpError } from '../http/errors.js';
import { IDENTIFIED } from '../http/route-config.js';
import { HUB_CLIENT } from '../rbac/index.js';
import type { RevocationRecord, Store, TokenRecord } from '../store/types.js';
import { REVOCATIONS } from './endpoints.js';

const WAIT_MS = 60_000;
const LOOK_MS = 500;
const PAGE = 500;
const SERVER_NOTE = 'Server at ';

export type RevocationEntry = Omit<RevocationRecord, 'cursor'>;

/** Rows for tokens that are deleted: told to the server that each was issued for, to all for the hub's own tokens. */
export function revocationsOf(
  tokens: readonly Pick<TokenRecord, 'id' | 'clientId'>[],
  at: Timestamp,
): readonly RevocationEntry[] {
  return tokens.map(({ id, clientId }) => ({
    kind: 'token',
    value: publicTokenId(id),
    clientId: clientId === HUB_CLIENT ? null : clientId,
    at,
  }));
}

interface RevocationAnswer {
  readonly cursor: number;
  readonly revoked: readonly Readonly<Record<string, string>>[];
}

export class RevocationFeed implements Disposable {
  readonly #store: Pick<Store, 'revocations'>;
  readonly #log: Log;
  readonly #waitMs: number;
  readonly #waiting = new Map<string, () => void>();
  readonly #bell = new Bell();
  #looking: Disposable | undefined;
  #lastSeen = -1;
  #closed = false;

  constructor(options: {
    readonly store: Pick<Store, 'revocations'>;
    readonly log: Log;
    /** Milliseconds that a request waits; default a minute. */
    readonly waitMs?: number;
  }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#waitMs = options.waitMs ?? WAIT_MS;
  }

  /** There may be something new: after a commit that added rows. */
  ring(): void {
    this.#bell.ring();
  }

  /**
   * @param since the last cursor received; absent or unknown here: the present cursor, at once
   * @param signal the server has gone
   */
  async wait(clientId: string, since: number | undefined, signal: AbortSignal): Promise<RevocationAnswer> {
    const last = await this.#store.revocations.lastCursor();
    if (since === undefined || since > last) return { cursor: last, revoked: [] };
    const end = new AbortController();
    this.#waiting.get(clientId)?.();
    const stop = (): void => end.abort();
    this.#waiting.set(clientId, stop);
    const timer = setTimeout(stop, this.#waitMs);
    signal.addEventListener('abort', stop, { once: true });
    this.#look();
    try {
      return await this.#next(clientId, since, end.signal);
    } finally {
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (this.#waiting.get(clientId) === stop) this.#waiting.delete(clientId);
      if (this.#waiting.size === 0) this.#stopLooking();
    }
  }

  /** Answers everybody who waits, so that the hub can end. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#stopLooking();
    for (const stop of this.#waiting.values()) stop();
  }

  async #next(clientId: string, since: number, signal: AbortSignal): Promise<RevocationAnswer> {
    for (;;) {
      // Taken before looking, so that a ring in between is not missed.
      const rung = this.#bell.next(signal);
      const rows = await this.#store.revocations.since(since, clientId, PAGE);
      if (rows.length > 0) {
        return { cursor: rows.at(-1)?.cursor ?? since, revoked: rows.map(asAnswer) };
      }
      if (signal.aborted || this.#closed) return { cursor: since, revoked: [] };
      await rung;
    }
  }

  #look(): void {
    this.#looking ??= every(
      LOOK_MS,
      async () => {
        const last = await this.#store.revocations.lastCursor();
        if (last !== this.#lastSeen) this.ring();
        this.#lastSeen = last;
      },
      (error) => this.#log.warn('revocations could not be looked up', { error: messageOf(error) }),
    );
  }

  #stopLooking(): void {
    this.#looking?.[Symbol.dispose]();
    this.#looking = undefined;
  }
}

export interface RevocationRouteDeps {
  readonly feed: RevocationFeed;
  readonly store: Pick<Store, 'spawners'>;
  readonly baseUrl: string;
  readonly apiPrefix: string;
}

export function registerRevocations(app: FastifyInstance, deps: RevocationRouteDeps): void {
  app.get<{ Querystring: { since?: string } }>(
    `${deps.apiPrefix}anteroom/revocations`,
    { config: { access: IDENTIFIED, answers: 'json', endpoint: REVOCATIONS } },
    async (request, reply) => {
      const clientId = await serverOf(request, deps);
      const answer = await deps.feed.wait(clientId, readSince(request.query.since), gone(reply));
      return reply.type('application/json').header('Cache-Control', 'no-store').send(JSON.stringify(answer));
    },
  );
}

/** The server whose own token this is. @throws Fault 403 for every other credential */
async function serverOf(request: FastifyRequest, { store, baseUrl }: RevocationRouteDeps): Promise<string> {
  const { principal } = request;
  if (principal.kind === 'user' && principal.via.kind === 'token') {
    const { token } = principal.via;
    for (const spawner of await store.spawners.byUser(principal.user.id)) {
      // A running server's place bears the name that its user had at its start.
      const place = spawner.server?.baseUrl ?? serverPath(baseUrl, principal.user.name, spawner.name);
      const note = `${SERVER_NOTE}${place}`;
      if (token.note === note && spawner.oauthClientId !== null) return spawner.oauthClientId;
    }
  }
  throw httpError(403, "Only a server's own token reads revocations");
}

function readSince(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw httpError(400, 'since must be a cursor');
  return Number(text);
}

function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

function asAnswer({ kind, value }: RevocationRecord): Readonly<Record<string, string>> {
  switch (kind) {
    case 'token':
      return { token_id: value };
    case 'session':
      return { session_id: value };
    case 'user':
      return { user: value };
  }
}

/** Wakes all who wait for its next ring. */
class Bell {
  readonly #sleepers = new Set<() => void>();

  ring(): void {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** Resolves at the next ring, or when aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      signal.addEventListener('abort', wake, { once: true });
      this.#sleepers.add(wake);
    });
  }
}
