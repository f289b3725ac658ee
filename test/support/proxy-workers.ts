/** What a test of workers looks at: the primary's children, and which of them holds a connection. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processStat } from '../../core/process.js';

/** pids of the living children. */
export function workersOf(primary: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStat(Number(name)) ?? [])
    .filter(({ parent, state }) => parent === primary && state !== 'Z')
    .map(({ pid }) => pid);
}

/** By the client's port, the worker that has its connection (Linux /proc/net/tcp: 01 is established). */
export function holdersOf(port: number, workers: readonly number[]): ReadonlyMap<number, number> {
  const owner = new Map<string, number>();
  for (const pid of workers) {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) owner.set(inode, pid);
    }
  }
  const found = new Map<number, number>();
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').matchAll(
    /: [0-9A-F]{8}:([0-9A-F]{4}) [0-9A-F]{8}:([0-9A-F]{4}) 01 \S+ \S+ \S+ +\d+ +\d+ (\d+)/g,
  );
  for (const [, own, peer = '', inode = ''] of lines) {
    const pid = owner.get(inode);
    if (own === local && pid !== undefined) found.set(Number.parseInt(peer, 16), pid);
  }
  return found;
}
