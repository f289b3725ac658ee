/**
 * Signing out: the session's tokens are deleted and revoked, so that every server opened from this browser refuses at
 * once, in other tabs too (CVE-2021-41247); authorization codes under way die with them; cookies are cleared.
 * Other sessions of the user, and tokens made by hand, stay.
 */
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { timestamp } from '../../core/model/time.js';
import type { Repositories, Store, UserRecord } from '../store/types.js';
import type { RequestSession } from './request-session.js';

export interface SignOutOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** `shutdown_on_logout`: stops the user's servers and waits. */
  readonly stopServers?: (user: UserRecord) => Promise<void>;
  /** Wakes whoever waits for revocations. */
  readonly onRevoked: () => void;
}

export class SignOut {
  readonly #options: SignOutOptions;

  constructor(options: SignOutOptions) {
    this.#options = options;
  }

  /** Nothing happens for a browser that is not signed in: the link may be somebody else's. */
  async signOut(session: RequestSession): Promise<void> {
    const { principal } = session;
    if (principal.kind !== 'user' || principal.via.kind !== 'cookie') return;
    const { user, via } = principal;
    await this.#options.stopServers?.(user);
    const revoked = await this.#options.store.transaction((repositories) =>
      revokeSession(repositories, user, via.sessionId, this.#options.clock.now()),
    );
    if (revoked > 0) this.#options.onRevoked();
    session.clearCookies();
    this.#options.log.info('user signed out', { user: user.name, revokedTokens: revoked });
  }
}

/** One revocation for each server that the session had opened, so that no other server is woken. */
async function revokeSession(
  { tokens, oauth, revocations }: Repositories,
  user: UserRecord,
  sessionId: string,
  now: number,
): Promise<number> {
  const owned = await tokens.byOwner({ userId: user.id });
  const clients = new Set(
    owned.filter((token) => token.sessionId === sessionId).map((token) => token.clientId),
  );
  const deleted = await tokens.deleteBySession(user.id, sessionId);
  await oauth.deleteCodesBySession(user.id, sessionId);
  const at = timestamp(now);
  await revocations.add(
    [...clients].map((clientId) => ({ kind: 'session', value: sessionId, clientId, at })),
  );
  return deleted.length;
}
