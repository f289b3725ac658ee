import { readFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { isIP } from 'node:net';
import { processStat } from '../../core/process.js';
import { allPids, carriers } from './processes.js';

/** `0A` in the state column of `/proc/net/tcp` (Linux include/net/tcp_states.h: TCP_LISTEN). */
const LISTEN = '0A';

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
  const sockets = listeningSockets(address.host, address.port);
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

/**
 * Inode numbers of the sockets that a connection to that address reaches: bound to it, else to all addresses. The tables
 * are read at once, not through the thread pool: they are memory of the kernel, and never wait for a disk.
 */
function listeningSockets(host: string, port: number): ReadonlySet<string> {
  const exact = new Set<string>();
  const wildcard = new Set<string>();
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  // A busy machine has thousands of lines: only those of the port are taken apart. `: 0100007F:1F90 00000000:0000 0A`
  const line = new RegExp(`: ([0-9A-F]+):${hexPort} [0-9A-F]+:0000 ${LISTEN} (.*)`, 'g');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const [, address = '', rest = ''] of readTable(table).matchAll(line)) {
      const inode = rest.trim().split(/\s+/)[INODE];
      if (inode === undefined) continue;
      if (/^0+$/.test(address)) wildcard.add(inode);
      else if (isIP(host) === 0 || decodeAddress(address) === canonical(host)) exact.add(inode);
    }
  }
  return exact.size > 0 ? exact : wildcard;
}

/** Place of the inode behind the state, in columns of blanks (Linux net/ipv4/tcp_ipv4.c `get_tcp4_sock`). */
const INODE = 5;

/** The empty text where the kernel has no such table. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return missing(error as NodeJS.ErrnoException) ?? '';
  }
}

/** The kernel prints addresses as 32-bit words in the machine's order, which is little-endian wherever Node runs. */
export function decodeAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return canonical(groups.join(':'));
}

function canonical(host: string): string {
  return isIP(host) === 6 ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;
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
