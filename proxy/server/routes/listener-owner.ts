/**
 * Who listens at a route's target on this machine, so that a kept route is not served to whoever took the port
 * since. Owns no state; reads `/proc` (Linux).
 */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { type Listener, listenersAt } from '../../../core/listening-sockets.js';
import { identifyProcess } from '../../../core/process.js';
import { holdsSockets } from '../../../core/socket-holders.js';
import type { Upstream } from './upstream.js';

/** As noted when a route was stored. */
export interface ListenerOwner {
  readonly uid: number;
  /** Inode numbers of the listening sockets; for a UNIX socket, what tells its file from any other. */
  readonly sockets: readonly string[];
  /** Where `/proc` showed it. A process may close its socket and listen anew; it is the same owner then. */
  readonly process?: { readonly pid: number; readonly startTime: string };
}

/** Where a target is, as far as it concerns this machine. */
export type Place =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'elsewhere' };

export function placeOf(upstream: Upstream): Place {
  if (upstream.socketPath !== undefined) return { kind: 'file', path: upstream.socketPath };
  const { hostname: host, port } = upstream;
  return isThisMachine(host) ? { kind: 'port', host: reached(host), port } : { kind: 'elsewhere' };
}

/** @returns undefined when nobody listens, several accounts do, or the machine does not show it */
export async function ownerOf(place: Place): Promise<ListenerOwner | undefined> {
  const found = await listenersOf(place);
  const [first] = found;
  if (!first || found.some(({ uid }) => uid !== first.uid)) return undefined;
  return { uid: first.uid, sockets: found.map(({ inode }) => inode) };
}

/** Whether the same owner listens there now. */
export async function isSameOwner(place: Place, owner: ListenerOwner): Promise<boolean> {
  const found = await listenersOf(place);
  if (found.length === 0 || found.some(({ uid }) => uid !== owner.uid)) return false;
  const sockets = found.map(({ inode }) => inode);
  if (sockets.every((inode) => owner.sockets.includes(inode))) return true;
  if (!owner.process || identifyProcess(owner.process.pid)?.startTime !== owner.process.startTime)
    return false;
  return holdsSockets(owner.process.pid, sockets);
}

async function listenersOf(place: Place): Promise<readonly Pick<Listener, 'uid' | 'inode'>[]> {
  switch (place.kind) {
    case 'port':
      return listenersAt(place.host, place.port);
    case 'file': {
      const found = await stat(place.path, { bigint: true }).catch(missing);
      return found?.isSocket() ? [{ uid: Number(found.uid), inode: fileIdentity(found) }] : [];
    }
    case 'elsewhere':
      return [];
  }
}

/** File systems give the inode number of a removed file to the next one, so that the time of its making counts too. */
function fileIdentity({ dev, ino, birthtimeNs, mtimeNs }: BigIntStats): string {
  return [dev, ino, birthtimeNs, mtimeNs].join(':');
}

/** A port of this machine's own addresses can be taken by another account just as one of loopback. */
function isThisMachine(host: string): boolean {
  const name = host.toLowerCase();
  if (isIP(name) === 0) return name === 'localhost' || name.endsWith('.localhost') || name === hostname();
  if (name.startsWith('127.') || name === '::1' || name === '0.0.0.0' || name === '::') return true;
  if (name.startsWith('::ffff:')) return true;
  return Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === name));
}

/** Connecting to "all addresses" reaches this machine by loopback. */
function reached(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return undefined;
  throw error;
}
