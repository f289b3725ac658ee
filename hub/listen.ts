import { once } from 'node:events';
import { chmod, lstat, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { messageOf, StartupFault } from '../core/fault.js';
import { portHolder } from '../core/port-holder.js';
import type { HubBind } from './addresses.js';

/** @throws StartupFault naming whoever holds the port, as far as this account may see */
export async function listen(app: FastifyInstance, bind: HubBind): Promise<void> {
  try {
    if (bind.kind === 'tcp') await app.listen({ host: bind.host || '::', port: bind.port });
    else {
      await removeLeftover(bind.path);
      await app.listen({ path: bind.path });
      await chmod(bind.path, bind.mode);
    }
  } catch (error) {
    throw new StartupFault([cannotListen(bind, error)]);
  }
}

/**
 * Asked before anything is started: at `listen` the proxy runs already.
 * @throws StartupFault as `listen`
 */
export async function requireFree(bind: HubBind): Promise<void> {
  if (bind.kind !== 'tcp') return;
  const probe = createServer();
  try {
    probe.listen({ host: bind.host || '::', port: bind.port });
    await once(probe, 'listening');
  } catch (error) {
    throw new StartupFault([cannotListen(bind, error)]);
  }
  probe.close();
  await once(probe, 'close');
}

/** The socket file of a hub that was killed: nobody listens there. One in use is left for `listen` to complain about. */
async function removeLeftover(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isSocket() && !(await isServed(path))) await rm(path, { force: true });
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function cannotListen(bind: HubBind, error: unknown): string {
  const advice = 'end that program, or set c.JupyterHub.hub_port';
  const why = messageOf(error);
  if (bind.kind === 'unix')
    return `the hub cannot listen on ${bind.path} (${why}): set c.JupyterHub.hub_bind_url to a free path`;
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (!taken)
    return `the hub cannot listen on ${bind.host}:${bind.port} (${why}): set c.JupyterHub.hub_ip and hub_port`;
  const holder = portHolder(bind.port);
  const who = holder
    ? `process ${holder.pid} (${holder.program})`
    : 'a process that this account cannot look at';
  return `the hub's port ${bind.port} is taken by ${who}: ${advice}`;
}
