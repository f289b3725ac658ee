/** Whether an address is free, and if not, whose it is. */
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../core/fault.js';
import { portHolder } from '../../core/port-holder.js';
import type { Listen } from './options.js';

/** ms. A process that has ended keeps its sockets until its last thread is gone, a moment later on a busy machine. */
const RELEASED_WITHIN = 2000;

/**
 * @param listens with what each is called in a fault
 * @throws Fault PROXY_PORT_TAKEN naming port, pid and program of each. A socket file that nobody listens on is removed.
 */
export async function ensureFree(...listens: readonly (readonly [Listen, string])[]): Promise<void> {
  const taken = await Promise.all(listens.map(([listen, what]) => whoHolds(listen, what)));
  const faults = taken.filter((each) => each !== undefined);
  if (faults.length > 0) {
    throw new Fault('PROXY_PORT_TAKEN', `${faults.join(' ')} Stop it, or choose another address.`);
  }
}

/** A sentence, when it is not free in time. */
async function whoHolds(listen: Listen, what: string): Promise<string | undefined> {
  const deadline = performance.now() + RELEASED_WITHIN;
  while (await isTaken(listen)) {
    if (performance.now() > deadline) return holderOf(listen, what);
    await delay(50);
  }
  if (listen.kind === 'unix') rmSync(listen.path, { force: true });
  return undefined;
}

function holderOf(listen: Listen, what: string): string {
  const where = listen.kind === 'unix' ? `socket ${listen.path}` : `port ${listen.port}`;
  const holder = listen.kind === 'unix' ? undefined : portHolder(listen.port);
  const who = holder
    ? `process ${holder.pid} (${holder.program})`
    : 'a process that this account cannot look at';
  return `The ${what} ${where} is taken by ${who}, which is not this hub's proxy.`;
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
