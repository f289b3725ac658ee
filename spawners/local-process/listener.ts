import { readdir, readlink } from 'node:fs/promises';
import { listeningSockets } from '../../core/listening-sockets.js';
import { processStat } from '../../core/process.js';
import { allPids, carriers } from './processes.js';

/**
 * Whether the process that listens on a port of this machine is the server, one of its session, or one that it
 * started; read from `/proc/net/tcp`, `/proc/net/tcp6` and the open descriptors. `unknown` when nobody is seen
 * listening or a descriptor table cannot be read.
 */
export async function ownsPort(
  address: { readonly host: string; readonly port: number },
  server: number,
  spawnId: string | undefined,
): Promise<'yes' | 'no' | 'unknown'> {
  const sockets = await listeningSockets(address.host, address.port);
  if (sockets.size === 0) return 'unknown';
  const own = await heldBy(server, sockets);
  if (own === 'yes') return 'yes';
  let unreadable = own === 'unknown';
  for (const pid of await family(server, spawnId)) {
    const held = await heldBy(pid, sockets);
    if (held === 'yes') return 'yes';
    unreadable ||= held === 'unknown';
  }
  return unreadable ? 'unknown' : 'no';
}

async function heldBy(pid: number, sockets: ReadonlySet<string>): Promise<'yes' | 'no' | 'unknown'> {
  let descriptors: readonly string[];
  try {
    descriptors = await readdir(`/proc/${pid}/fd`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return 'unknown';
    return missing(error as NodeJS.ErrnoException) ?? 'no';
  }
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(missing);
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1];
    if (inode !== undefined && sockets.has(inode)) return 'yes';
  }
  return 'no';
}

/** Other processes of the server: its session, its descendants, and whoever carries its spawn id. */
async function family(server: number, spawnId: string | undefined): Promise<ReadonlySet<number>> {
  const members = new Set<number>();
  const stats = (await allPids()).map((pid) => processStat(pid)).filter((stat) => stat !== undefined);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent, session } of stats) {
      const related = session === server || parent === server || members.has(parent);
      if (related && !members.has(pid)) grown = Boolean(members.add(pid));
    }
  }
  if (spawnId !== undefined) {
    for (const carrier of await carriers())
      if (carrier.spawnId === spawnId) members.add(carrier.identity.pid);
  }
  members.delete(server);
  return members;
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES') return undefined;
  throw error;
}
