/** Listening, draining and closing, the same for every listener of the proxy. Owns no server. */
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Log } from '../../core/log.js';
import type { Listen } from './listen-options.js';
import { type ListenerTls, serverTlsOptions } from './tls.js';

/** ms between two looks for connections that have become idle while a listener drains. */
const DRAIN_LOOK = 50;

/** A small `node:http` server for what is not the public listener. */
export function plainServer(listener: RequestListener, tls: ListenerTls | undefined): HttpServer {
  const settings = { headersTimeout: 20_000, requestTimeout: 60_000 };
  return tls
    ? createTlsServer({ ...settings, ...serverTlsOptions(tls) }, listener)
    : createServer(settings, listener);
}

/** @throws Error naming the listener, when it cannot listen; later errors go to the log */
export async function listenOn(server: Server, listen: Listen, name: string, log: Log): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Error(`${name} listener: ${error.message}`, { cause: error }));
    server.once('error', fail);
    server.listen(
      listen.kind === 'unix' ? { path: listen.path } : { port: listen.port, ...hostIf(listen.host) },
      () => {
        server.off('error', fail);
        server.on('error', (error) => log.error(`${name} listener: ${error.message}`));
        resolve();
      },
    );
  });
}

/** Ends listener and connections at once. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    callIf(server, 'closeAllConnections');
  });
}

/** Ends the listener now, idle connections as they become idle; resolves when the last connection has ended. */
export async function drainServer(server: Server): Promise<void> {
  const look = setInterval(() => callIf(server, 'closeIdleConnections'), DRAIN_LOOK);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      callIf(server, 'closeIdleConnections');
    });
  } finally {
    clearInterval(look);
  }
}

export function describe(listen: Listen): string {
  return listen.kind === 'unix' ? listen.path : `${listen.host ?? '*'}:${listen.port}`;
}

export function addressOf(server: Server): string {
  const address: AddressInfo | string | null = server.address();
  if (address === null) throw new Error('not listening');
  if (typeof address === 'string') return address;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}

function hostIf(host: string | undefined): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

/** `node:http` servers have these; a bare `net.Server` may be given them by its engine. */
function callIf(server: Server, name: 'closeAllConnections' | 'closeIdleConnections'): void {
  const method: unknown = Reflect.get(server, name);
  if (typeof method === 'function') Reflect.apply(method, server, []);
}
