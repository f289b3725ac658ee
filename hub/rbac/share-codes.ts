import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import { timestamp } from '../../core/model/time.js';
import { shareScopes } from '../../core/scopes/index.js';
import {
  compareToken,
  GENERATED_ROUNDS,
  hashToken,
  newShareCode,
  tokenPrefix,
} from '../../core/wire/tokens.js';
import type { Repositories, ShareCodeRecord, ShareRecord, Store, UserRecord } from '../store/types.js';
import type { Access } from './access.js';
import type { ShareCodeRequest } from './share-request.js';
import {
  demandMayShare,
  mergeShare,
  requestedShareScopes,
  type ServerNames,
  type SharedServer,
  sharedServer,
} from './shares.js';
import { isStorable } from './storable.js';

/** A share code and the server it opens. */
export interface FoundCode extends SharedServer {
  readonly code: ShareCodeRecord;
  /** Bound to the server's present name. */
  readonly scopes: readonly string[];
}

/**
 * POST `/share-codes/:owner/:server`. The code's text exists only in the answer; the database has its hash.
 * @throws Fault 400, 403, 404
 */
export async function createShareCode(
  store: Store,
  access: Access,
  names: ServerNames,
  request: ShareCodeRequest,
  clock: Clock,
): Promise<{ readonly record: ShareCodeRecord; readonly code: string }> {
  const scopes = requestedShareScopes(request.scopes, names);
  await demandMayShare(access, scopes);
  const { owner, spawner } = await sharedServer(store, names);
  const code = newShareCode();
  const now = clock.now();
  const record = await store.shares.createCode({
    createdAt: timestamp(now),
    expiresAt: timestamp(now + request.expiresIn * 1000),
    scopes,
    hashed: hashToken(code, GENERATED_ROUNDS),
    prefix: tokenPrefix(code),
    exchangeCount: 0,
    lastExchangedAt: null,
    ownerId: owner.id,
    spawnerId: spawner.id,
  });
  return { record, code };
}

/** The unexpired code with this text. */
export async function findShareCode(
  store: Repositories,
  code: string,
  clock: Clock,
): Promise<FoundCode | undefined> {
  if (!isStorable(code)) return undefined;
  const candidates = await store.shares.codeCandidates(tokenPrefix(code), timestamp(clock.now()));
  const found = candidates.find((candidate) => compareToken(candidate.hashed, code));
  const owner = found && (await store.users.byId(found.ownerId));
  const spawner = found && (await store.spawners.byId(found.spawnerId));
  if (!found || !owner || !spawner) return undefined;
  return { code: found, owner, spawner, scopes: shareScopes(found.scopes, owner.name, spawner.name, false) };
}

/**
 * What the page of `accept-share` asks consent for. @throws Fault 404 (unknown or expired), 403 (the owner's own)
 */
export async function viewShareCode(
  store: Repositories,
  reader: UserRecord,
  code: string,
  clock: Clock,
): Promise<FoundCode> {
  const found = await findShareCode(store, code, clock);
  if (!found) throw new Fault('NOT_FOUND', 'Share not found or expired', { status: 404 });
  if (found.owner.id === reader.id)
    throw new Fault('SHARE_OWN', "You can't share with yourself!", { status: 403 });
  return found;
}

/**
 * Gives the reader what the code stands for. Needs no scope: the code is the permission. Counts even when nothing
 * changes; the code works until it expires.
 * @throws Fault 400 (unknown, expired, the owner's own)
 */
export async function acceptShareCode(
  store: Store,
  reader: UserRecord,
  code: string,
  clock: Clock,
): Promise<{ readonly share: ShareRecord; readonly server: SharedServer }> {
  const found = await findShareCode(store, code, clock);
  // JupyterHub repeats the code in its message; it is a secret, and messages get logged.
  if (!found) throw new Fault('SHARE_CODE', 'Invalid share code', { status: 400 });
  if (found.owner.id === reader.id)
    throw new Fault('SHARE_OWN', "You can't share with yourself!", { status: 400 });
  const share = await store.transaction(async (repositories) => {
    await repositories.shares.countExchange(found.code.id, timestamp(clock.now()));
    return mergeShare(repositories, found, { userId: reader.id }, found.scopes, clock);
  });
  return { share, server: found };
}

/** Which codes `DELETE /share-codes/:owner/:server` means; neither: all of the server's. */
export interface CodeSelection {
  readonly code?: string | undefined;
  /** `sc_N` */
  readonly id?: string | undefined;
}

/** @throws Fault 404 when the server or the selected code is not there */
export async function revokeShareCodes(
  store: Store,
  names: ServerNames,
  selection: CodeSelection,
  clock: Clock,
): Promise<void> {
  const { owner, spawner } = await sharedServer(store, names);
  if (selection.code) {
    const found = await findShareCode(store, selection.code, clock);
    if (found?.spawner.id !== spawner.id) throw notFound('No matching code found');
    await store.shares.deleteCodes([found.code.id]);
    return;
  }
  const { items } = await store.shares.codes({ ownerId: owner.id, spawnerId: spawner.id });
  const chosen = selection.id ? items.filter((code) => `sc_${code.id}` === selection.id) : items;
  if (selection.id && chosen.length === 0)
    throw notFound(`No code found matching id=${selection.id.slice(0, 64)}`);
  if (chosen.length > 0) await store.shares.deleteCodes(chosen.map((code) => code.id));
}

function notFound(message: string): Fault {
  return new Fault('NOT_FOUND', message, { status: 404 });
}
