/** Who listens on a port of this machine (Linux: /proc/net/tcp and /proc/PID/fd), for messages that say so. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortHolder {
  readonly pid: number;
  /** Its command line, cut. */
  readonly program: string;
}

/** The process that listens on a TCP port, as far as this account may see. */
export function portHolder(port: number): PortHolder | undefined {
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
