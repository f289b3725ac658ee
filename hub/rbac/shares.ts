import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import { timestamp } from '../../core/model/time.js';
import { shareScopes } from '../../core/scopes/index.js';
import type { Repositories, ShareRecord, SpawnerRecord, Store, UserRecord } from '../store/types.js';
import type { Access } from './access.js';
import type { Grantee, ShareRequest } from './share-request.js';
import { isStorable } from './storable.js';

/** A server by the names in a URL. */
export interface ServerNames {
  readonly owner: string;
  readonly server: string;
}

export interface SharedServer {
  readonly owner: UserRecord;
  readonly spawner: SpawnerRecord;
}

/** Who gets a share, as the store knows them. */
export type GranteeId = { readonly userId: number } | { readonly groupId: number };

/** @throws Fault 404 */
export async function sharedServer(
  store: Repositories,
  { owner, server }: ServerNames,
): Promise<SharedServer> {
  const user = isStorable(owner) ? await store.users.byName(owner) : undefined;
  const spawner = user && isStorable(server) ? await store.spawners.find(user.id, server) : undefined;
  if (!user || !spawner) throw new Fault('NOT_FOUND', `No such server: ${owner}/${server}`, { status: 404 });
  return { owner: user, spawner };
}

/** The scopes as they will be stored; default: access to the server. @throws ShareFilterError */
export function requestedShareScopes(
  scopes: readonly string[] | undefined,
  { owner, server }: ServerNames,
): readonly string[] {
  return shareScopes(scopes ?? ['access:servers'], owner, server);
}

/** Nobody gives what they do not hold. @throws Fault 403 */
export async function demandMayShare(access: Access, scopes: readonly string[]): Promise<void> {
  for (const scope of scopes) {
    if (await access.holds(scope)) continue;
    throw denied(`Do not have permission to grant share with scope ${scope}`);
  }
}

/**
 * POST `/shares/:owner/:server`; that the requester holds `shares` on the server was decided before.
 * @throws Fault 400 (filter, unknown grantee), 403 (a scope or the grantee's name is not the requester's), 404 (server)
 */
export async function grantShare(
  store: Store,
  access: Access,
  names: ServerNames,
  request: ShareRequest,
  clock: Clock,
): Promise<ShareRecord> {
  const scopes = requestedShareScopes(request.scopes, names);
  const server = await sharedServer(store, names);
  await demandMayShare(access, scopes);
  const { kind, name } = request.grantee;
  if (!(await access.holds(`read:${kind}s:name!${kind}=${name}`))) {
    throw denied(`Need scope 'read:${kind}s:name' to share with ${kind}s by name`);
  }
  const grantee = await findGrantee(store, request.grantee);
  if (!grantee) throw new Fault('SHARE_REQUEST', `No such ${kind}: ${name}`, { status: 400 });
  return store.transaction((repositories) => mergeShare(repositories, server, grantee, scopes, clock));
}

/** Adds scopes to the one share between a server and a grantee, making it when there is none. */
export async function mergeShare(
  { shares }: Repositories,
  { owner, spawner }: SharedServer,
  grantee: GranteeId,
  scopes: readonly string[],
  clock: Clock,
): Promise<ShareRecord> {
  const existing = await shares.find(spawner.id, grantee);
  if (!existing) {
    const to = { userId: null, groupId: null, ...grantee };
    const createdAt = timestamp(clock.now());
    return shares.create({
      ...to,
      createdAt,
      expiresAt: null,
      scopes,
      ownerId: owner.id,
      spawnerId: spawner.id,
    });
  }
  const before = shareScopes(existing.scopes, owner.name, spawner.name, false);
  const merged = [...new Set([...before, ...scopes])].sort();
  if (merged.join(' ') !== existing.scopes.join(' ')) await shares.setScopes(existing.id, merged);
  return { ...existing, scopes: merged };
}

/**
 * PATCH `/shares/:owner/:server`: takes scopes away (by their stored text), or the whole share. `undefined`: there is no
 * share left, or never was. Whoever may share may take back from anybody, so the grantee's name is not checked.
 * @throws Fault 404 (server)
 */
export async function revokeShare(
  store: Store,
  names: ServerNames,
  request: ShareRequest,
): Promise<ShareRecord | undefined> {
  const { owner, spawner } = await sharedServer(store, names);
  return store.transaction(async (repositories) => {
    const grantee = await findGrantee(repositories, request.grantee);
    const share = grantee && (await repositories.shares.find(spawner.id, grantee));
    if (!share) return undefined;
    const held = shareScopes(share.scopes, owner.name, spawner.name, false);
    const { scopes: revoked } = request;
    const left = revoked ? held.filter((scope) => !revoked.includes(scope)) : [];
    if (left.length === 0) {
      await repositories.shares.delete([share.id]);
      return undefined;
    }
    if (left.length < held.length) await repositories.shares.setScopes(share.id, left);
    return { ...share, scopes: left };
  });
}

/** DELETE `/shares/:owner/:server`. @throws Fault 404 */
export async function revokeAllShares(store: Store, names: ServerNames): Promise<void> {
  const { spawner } = await sharedServer(store, names);
  await store.transaction(async ({ shares }) => {
    const { items } = await shares.bySpawner(spawner.id);
    await shares.delete(items.map((share) => share.id));
  });
}

/** The share that `/users/:u/shared/:owner/:server` (or a group's) names. @throws Fault 404 */
export async function shareWith(
  store: Repositories,
  grantee: Grantee,
  names: ServerNames,
): Promise<ShareRecord> {
  if ([grantee.name, names.owner, names.server].every(isStorable)) {
    const owner = await store.users.byName(names.owner);
    const spawner = owner && (await store.spawners.find(owner.id, names.server));
    const id = await findGrantee(store, grantee);
    const share = spawner && id && (await store.shares.find(spawner.id, id));
    if (share) return share;
  }
  const text = `No such share for ${grantee.kind} ${grantee.name} on ${names.owner}/${names.server}`;
  throw new Fault('NOT_FOUND', text, { status: 404 });
}

async function findGrantee(store: Repositories, { kind, name }: Grantee): Promise<GranteeId | undefined> {
  if (kind === 'user') {
    const user = await store.users.byName(name);
    return user && { userId: user.id };
  }
  const group = await store.groups.byName(name);
  return group && { groupId: group.id };
}

function denied(message: string): Fault {
  return new Fault('ACCESS_DENIED', message, { status: 403 });
}
