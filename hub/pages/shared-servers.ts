/** Servers of others that somebody may open because they were shared with them or with a group of theirs. */
import type { FastifyRequest } from 'fastify';
import type { UserRecord } from '../store/types.js';
import { hubPath, type PageContext } from './context.js';

/** More are found by their links; a page is no archive. */
const MAX_SHOWN = 100;

/** A share that has expired, or that gives something else than opening the server, shows nothing. */
export async function sharedServers(
  { store, servers, urls }: Pick<PageContext, 'store' | 'servers' | 'urls'>,
  request: FastifyRequest,
  user: UserRecord,
) {
  const groups = await store.groups.byUser(user.id);
  const shares = [
    ...(await store.shares.toUser(user.id)),
    ...(await store.shares.toGroups(groups.map((group) => group.id))),
  ];
  const spawners = await store.spawners.byIds([...new Set(shares.map((share) => share.spawnerId))]);
  const owners = await store.users.byIds([...new Set(spawners.map((spawner) => spawner.userId))]);
  const ownerOf = new Map(owners.map((owner) => [owner.id, owner]));
  const { scopes } = request.access;
  const rows = spawners.flatMap((spawner) => {
    const owner = ownerOf.get(spawner.userId);
    const server = { kind: 'server', name: `${owner?.name}/${spawner.name}` } as const;
    if (!owner || !scopes.contains('access:servers', server)) return [];
    const status = servers.status(owner, spawner.name);
    return {
      owner: owner.name,
      name: spawner.name,
      label: spawner.displayName || spawner.name,
      state: status.ready ? 'ready' : status.pending === null ? 'stopped' : 'starting',
      url: status.ready ? servers.url(owner, spawner.name) : undefined,
      spawn_url:
        !status.ready && status.pending === null && scopes.contains('servers', server)
          ? hubPath(urls, 'spawn', owner.name, spawner.name)
          : undefined,
    };
  });
  return rows.slice(0, MAX_SHOWN);
}
