import { chmod } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { messageOf, StartupFault } from '../core/fault.js';
import { portHolder } from '../core/port-holder.js';
import type { HubBind } from './addresses.js';

/** @throws StartupFault naming whoever holds the port, as far as this account may see */
export async function listen(app: FastifyInstance, bind: HubBind): Promise<void> {
  try {
    if (bind.kind === 'tcp') await app.listen({ host: bind.host || '::', port: bind.port });
    else {
      await app.listen({ path: bind.path });
      await chmod(bind.path, bind.mode);
    }
  } catch (error) {
    throw new StartupFault([cannotListen(bind, error)]);
  }
}

function cannotListen(bind: HubBind, error: unknown): string {
  const advice = 'end that program, or set c.JupyterHub.hub_port';
  const why = messageOf(error);
  if (bind.kind === 'unix') return `the hub cannot listen on ${bind.path} (${why})`;
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (!taken)
    return `the hub cannot listen on ${bind.host}:${bind.port} (${why}): set c.JupyterHub.hub_ip and hub_port`;
  const holder = portHolder(bind.port);
  const who = holder
    ? `process ${holder.pid} (${holder.program})`
    : 'a process that this account cannot look at';
  return `the hub's port ${bind.port} is taken by ${who}: ${advice}`;
}
