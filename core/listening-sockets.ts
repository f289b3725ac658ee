/**
 * Which sockets of this machine listen, as the kernel tells it (Linux `/proc/net/tcp`, `/proc/net/tcp6`; proc_net(5)).
 *
 * Reading those tables costs the kernel milliseconds on a busy machine, and a class or a start of the hub asks for hundreds
 * of servers at once. So the answer to those who ask meanwhile is read once, and always begun after they asked: it cannot
 * be older than the question.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

export interface Listener {
  /** In the kernel's hexadecimal form. */
  readonly address: string;
  /** The account that opened the socket. */
  readonly uid: number;
  /** The socket's inode number: another socket has another. */
  readonly inode: string;
}

type ByPort = ReadonlyMap<number, readonly Listener[]>;

/**
 * A listening socket's line: `0: 0100007F:1F90 00000000:0000 0A TX:RX TR:WHEN RETRANSMITS UID TIMEOUT INODE ...`; `0A` is
 * TCP_LISTEN (Linux include/net/tcp_states.h).
 */
const LISTENING = /: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A \S+ \S+ \S+ +(\d+) +\d+ (\d+)/g;

let reading: Promise<ByPort> | undefined;
let next: Promise<ByPort> | undefined;

/** Inode numbers of the sockets that a connection to that address reaches: bound to it, else to all addresses. */
export async function listeningSockets(host: string, port: number): Promise<ReadonlySet<string>> {
  return new Set((await listenersAt(host, port)).map(({ inode }) => inode));
}

/** The same sockets, with whose they are. */
export async function listenersAt(host: string, port: number): Promise<readonly Listener[]> {
  const here = (await freshTable()).get(port) ?? [];
  const isWildcard = ({ address }: Listener): boolean => /^0+$/.test(address);
  const isExact = (each: Listener): boolean =>
    !isWildcard(each) && (isIP(host) === 0 || decodeAddress(each.address) === canonical(host));
  const exact = here.filter(isExact);
  return exact.length > 0 ? exact : here.filter(isWildcard);
}

/** A table whose reading begins after this call: the one under way is no use, the next one serves all who wait for it. */
function freshTable(): Promise<ByPort> {
  if (reading === undefined) return begin();
  next ??= reading.then(begin, begin);
  return next;
}

function begin(): Promise<ByPort> {
  next = undefined;
  const table = readTables();
  const over = (): void => {
    if (reading === table) reading = undefined;
  };
  reading = table;
  table.then(over, over);
  return table;
}

async function readTables(): Promise<ByPort> {
  const byPort = new Map<number, Listener[]>();
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(path, 'utf8').catch(missing);
    for (const [, address = '', port = '', uid = '', inode = ''] of (text ?? '').matchAll(LISTENING)) {
      const number = Number.parseInt(port, 16);
      byPort.set(number, [...(byPort.get(number) ?? []), { address, uid: Number(uid), inode }]);
    }
  }
  return byPort;
}

/** A kernel without IPv6 has one table only. */
function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error;
  return undefined;
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
