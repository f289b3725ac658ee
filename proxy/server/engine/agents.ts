/**
 * Upstream connections of the `node:http` engines: kept alive, few idle ones, and those for a shorter time than
 * the usual target keeps them (5 s in Node and Tornado), so that a request seldom meets a closing connection.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { TlsSettings } from '../tls.js';

const POOL = {
  keepAlive: true,
  maxFreeSockets: 64,
  scheduling: 'lifo',
  // Ends idle sockets (sooner when the target announced a shorter time). On a busy one it is an event only.
  timeout: 4000,
  // A kept session would outlive a certificate that is replaced.
  maxCachedSessions: 0,
} as const;

/** Shows and checks certificates as `tls` says when it connects: they are replaced while we run. */
class TargetAgent extends HttpsAgent {
  readonly #tls: TlsSettings;

  constructor(tls: TlsSettings, verify: boolean) {
    super({ ...POOL, rejectUnauthorized: verify });
    this.#tls = tls;
  }

  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    callback?: Parameters<HttpsAgent['createConnection']>[1],
  ): ReturnType<HttpsAgent['createConnection']> {
    return super.createConnection({ ...options, ...this.#tls }, callback);
  }
}

export interface Agents extends Disposable {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /** Connections; `open` counts the idle ones too. */
  readonly counts: { readonly open: number; readonly idle: number };
}

export function createAgents(tls: TlsSettings, verify: boolean): Agents {
  const http = new HttpAgent(POOL);
  const https = new TargetAgent(tls, verify);
  return {
    http,
    https,
    get counts() {
      const idle = count(http.freeSockets) + count(https.freeSockets);
      return { open: idle + count(http.sockets) + count(https.sockets), idle };
    },
    [Symbol.dispose]() {
      http.destroy();
      https.destroy();
    },
  };
}

function count(sockets: HttpAgent['sockets']): number {
  let sum = 0;
  for (const list of Object.values(sockets)) sum += list?.length ?? 0;
  return sum;
}
