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
  const holder = listen.kind === 'unix' ? undefined : portHolder(listen.port);
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
