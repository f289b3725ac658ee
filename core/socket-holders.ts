/** Which processes hold a socket open (Linux `/proc/PID/fd`), as far as this account may see. */
import { readdir, readlink } from 'node:fs/promises';
import { identifyProcess, type ProcessIdentity } from './process.js';

/**
 * One look at every process, so ask about many sockets at once.
 * @param inodes of sockets, as in `/proc/net/tcp`
 * @returns by inode a process that holds it; nothing for those that none we may look at holds
 */
export async function socketHolders(
  inodes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ProcessIdentity>> {
  const holders = new Map<string, ProcessIdentity>();
  for (const name of await readdir('/proc').catch(unseen)) {
    if (!/^\d+$/.test(name)) continue;
    const held = (await socketsOf(Number(name))).filter((inode) => inodes.has(inode) && !holders.has(inode));
    const identity = held.length > 0 ? identifyProcess(Number(name)) : undefined;
    if (identity) for (const inode of held) holders.set(inode, identity);
    if (holders.size === inodes.size) break;
  }
  return holders;
}

/** Whether that process holds all of them. */
export async function holdsSockets(pid: number, inodes: readonly string[]): Promise<boolean> {
  const held = new Set(await socketsOf(pid));
  return inodes.every((inode) => held.has(inode));
}

async function socketsOf(pid: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(unseen)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(unseen);
    const inode = typeof target === 'string' ? /^socket:\[(\d+)\]$/.exec(target)?.[1] : undefined;
    if (inode !== undefined) found.push(inode);
  }
  return found;
}

/** Processes and descriptors come and go, and others' are not ours to see. */
function unseen(error: NodeJS.ErrnoException): readonly string[] {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return [];
  throw error;
}
