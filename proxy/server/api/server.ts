/** The server of the REST API, with both of its fronts. */
import type { Server } from 'node:http';
import { FrontListener } from '../front/listener.js';
import { plainServer } from '../listeners.js';
import type { ListenerTls } from '../tls.js';
import type { RouteApi } from './api.js';
import { frontRequests } from './front-requests.js';
import { nodeRequests } from './node-requests.js';

/** @returns not listening yet; closing it ends both fronts */
export function apiServer(api: RouteApi, tls: ListenerTls | undefined): Server {
  const server = plainServer(nodeRequests(api), tls);
  const front = new FrontListener(frontRequests(api));
  front.attach(server, { tls: tls !== undefined, onread: false });
  server.once('close', () => front[Symbol.dispose]());
  return server;
}
