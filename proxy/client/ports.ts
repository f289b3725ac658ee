/** Whether an address is free, and if not, whose it is (Linux: /proc/net/tcp and /proc/PID/fd). */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../core/fault.js';
import type { Listen } from './options.js';

interface PortHolder {
  readonly pid: number;
  readonly program: string;
}

/** ms. A process that has ended keeps its sockets until its last thread is gone, a moment later on a busy machine. */
const RELEASED_WITHIN = 2000;

/**
 * @throws Fault PROXY_PORT_TAKEN naming port, pid and program. A socket file that nobody listens on is removed.
 */
export async function ensureFree(listen: Listen, what: string): Promise<void> {
  const deadline = performance.now() + RELEASED_WITHIN;
  while (await isTaken(listen)) {
    if (performance.now() > deadline) throw taken(listen, what);
    await delay(50);
  }
  if (listen.kind === 'unix') rmSync(listen.path, { force: true });
}

function taken(listen: Listen, what: string): Fault {
  const where = listen.kind === 'unix' ? `socket ${listen.path}` : `port ${listen.port}`;
  const holder = listen.kind === 'unix' ? undefined : holderOf(listen.port);
  const who = holder
    ? `process ${holder.pid} (${holder.program})`
    : 'a process that this account cannot look at';
  return new Fault(
    'PROXY_PORT_TAKEN',
    `The ${what} ${where} is taken by ${who}, which is not this hub's proxy. Stop it, or choose another address.`,
  );
}

function isTaken(listen: Listen): Promise<boolean> {
  return listen.kind === 'unix' ? accepts(listen.path) : cannotBind(listen.ip, listen.port);
}

/** Tried by binding; a port that may not be bound at all is the proxy's to complain about. */
function cannotBind(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    const where = ip === '' || ip === '*' ? { port } : { port, host: ip };
    probe.listen(where, () => probe.close(() => resolve(false)));
  });
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The process that listens on a TCP port, as far as this account may see. */
function holderOf(port: number): PortHolder | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const name of entries('/proc')) {
    if (/^\d+$/.test(name) && holdsSocket(name, inodes)) {
      return { pid: Number(name), program: programOf(name) };
    }
  }
  return undefined;
}

const LISTEN = '0A';

/** proc(5): `sl local_address rem_address st ... inode`; the port in hexadecimal after the colon. */
function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return textOf(table)
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const inode = fields[9];
      return fields[1]?.endsWith(`:${wanted}`) && fields[3] === LISTEN && inode !== undefined ? [inode] : [];
    });
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  for (const fd of entries(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

function programOf(pid: string): string {
  return (
    textOf(`/proc/${pid}/cmdline`).split('\0').join(' ').trim().slice(0, 200) ||
    textOf(`/proc/${pid}/comm`).trim()
  );
}

/** Processes come and go, and others' are not ours to see: what cannot be read is empty. */
function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
