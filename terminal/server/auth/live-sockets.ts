/**
 * Owns: the sockets that are open, whose they are, and closing them when that person is signed out: told by the
 * hub (revocations), or found out by asking again every minute.
 */
import { messageOf } from '../../../core/fault.js';
import type { Revocation, TokenHolder } from '../../../core/hub-client/index.js';
import type { Log } from '../../../core/log.js';
import { holdsAccessScope } from '../../../core/scopes/access-check.js';
import { CLOSE, type CloseCode } from '../../protocol/close-codes.js';
import { type Identities, isNamed } from './identities.js';

export interface LiveSocket {
  readonly token: string;
  readonly sessionId: string;
  readonly holder: TokenHolder;
  close(code: CloseCode, reason: string): void;
}

export interface LiveSocketsOptions {
  readonly identities: Identities;
  readonly accessScopes: readonly string[];
  readonly log: Log;
  readonly recheckMs?: number;
}

const RECHECK_MS = 60_000;
/** The hub revokes a moment after we sent the browser there to sign out. */
const AFTER_LOGOUT_MS: readonly number[] = [500, 1_500, 5_000];

export class LiveSockets implements Disposable {
  readonly #options: LiveSocketsOptions;
  readonly #sockets = new Set<LiveSocket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #disposed = false;

  constructor(options: LiveSocketsOptions) {
    this.#options = options;
    this.#schedule();
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: LiveSocket): Disposable {
    this.#sockets.add(socket);
    return { [Symbol.dispose]: () => void this.#sockets.delete(socket) };
  }

  revoke(revocation: Revocation): void {
    this.#options.identities.forget(revocation);
    for (const socket of this.#sockets) {
      if (isNamed(socket.holder, revocation) || isOfSession(socket, revocation)) this.#signOut(socket);
    }
  }

  /** Asks the hub about every token in use, or about those of one browser session. */
  async recheck(sessionId?: string): Promise<void> {
    const byToken = groupByToken(this.#sockets);
    for (const sockets of byToken.values()) {
      const concerned =
        sessionId === undefined ? sockets : sockets.filter((one) => one.sessionId === sessionId);
      await this.#recheckToken(concerned);
    }
  }

  /** A browser session is signing out at the hub right now. */
  recheckSoon(sessionId: string): void {
    if (![...this.#sockets].some((socket) => socket.sessionId === sessionId)) return;
    for (const ms of AFTER_LOGOUT_MS) this.#later(ms, () => this.recheck(sessionId));
  }

  closeAll(code: CloseCode, reason: string): void {
    for (const socket of this.#sockets) socket.close(code, reason);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #recheckToken(sockets: readonly LiveSocket[]): Promise<void> {
    const [first] = sockets;
    if (!first) return;
    let holder: TokenHolder | null;
    try {
      holder = await this.#options.identities.refresh(first.token, first.sessionId);
    } catch (error) {
      // A hub that is away must not cost anybody their terminal.
      this.#options.log.debug('token check postponed', { error: messageOf(error) });
      return;
    }
    for (const socket of sockets) {
      if (!holder) this.#signOut(socket);
      else if (!holdsAccessScope(holder.scopes, this.#options.accessScopes)) {
        socket.close(CLOSE.forbidden, 'no longer allowed');
      }
    }
  }

  #signOut(socket: LiveSocket): void {
    this.#options.log.info('signed out', { kind: socket.holder.kind });
    socket.close(CLOSE.signedOut, 'signed out');
  }

  #schedule(): void {
    // Jitter keeps the servers of a class from asking in one breath.
    const ms = (this.#options.recheckMs ?? RECHECK_MS) * (0.8 + 0.4 * Math.random());
    this.#later(ms, async () => {
      await this.recheck();
      this.#schedule();
    });
  }

  #later(ms: number, task: () => Promise<void>): void {
    if (this.#disposed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task().catch((error: unknown) => {
        this.#options.log.error('token check failed', { error: messageOf(error) });
      });
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }
}

/** The hub's user model may not tell the session; the cookie that came with the socket does. */
function isOfSession(socket: LiveSocket, revocation: Revocation): boolean {
  return revocation.sessionId !== undefined && revocation.sessionId === socket.sessionId;
}

function groupByToken(sockets: Iterable<LiveSocket>): Map<string, LiveSocket[]> {
  const groups = new Map<string, LiveSocket[]>();
  for (const socket of sockets) {
    const group = groups.get(socket.token);
    if (group) group.push(socket);
    else groups.set(socket.token, [socket]);
  }
  return groups;
}
