/**
 * Owns: the gate in front of every WebSocket. Nothing becomes a WebSocket (101) before visitor, Origin and path are
 * known to be right (CVE-2024-28179 of jupyter-server-proxy, CVE-2023-26114 of code-server).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { JUPYTERHUB_VERSION_HEADER } from '../../../core/version.js';
import { HEARTBEAT_MS, MAX_FRAME_BYTES, SUBPROTOCOL } from '../../protocol/limits.js';
import type { Visitor } from '../auth/gate.js';
import type { HandlerParts } from '../http/handler.js';
import { type Visit, visitOf } from '../http/request.js';
import { faultOf, jsonError, type Reply, refuseUpgrade } from '../http/respond.js';
import { type SocketRoute, socketRouteOf } from '../http/routes.js';
import { parseTarget } from '../http/target.js';
import { openTerm } from './term-socket.js';
import { openTerminado } from './terminado-socket.js';

/** Open sockets of one server: tabs, viewers, and some that have not noticed their end yet. */
const MAX_SOCKETS = 128;

type Known = Extract<Visitor, { kind: 'known' }>;

export class UpgradeGate implements Disposable {
  readonly #parts: HandlerParts;
  readonly #server: WebSocketServer;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(parts: HandlerParts, heartbeatMs = HEARTBEAT_MS) {
    this.#parts = parts;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#server.on('headers', (headers) => {
      headers.push(`${JUPYTERHUB_VERSION_HEADER}: ${parts.version.current}`);
    });
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Until ws takes over, a reset by the peer would be an unhandled error.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const verdict = await this.#judge(request);
    if (socket.destroyed) return;
    if (verdict.kind === 'refused') {
      refuseUpgrade(socket, verdict.reply, this.#parts.version.current);
      return;
    }
    socket.removeListener('error', onError);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open(webSocket, verdict.route, verdict.visit, verdict.visitor);
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    for (const webSocket of this.#server.clients) webSocket.terminate();
    this.#server.close();
  }

  async #judge(
    request: IncomingMessage,
  ): Promise<
    | { kind: 'refused'; reply: Reply }
    | { kind: 'welcome'; route: Exclude<SocketRoute, { kind: 'unknown' }>; visit: Visit; visitor: Known }
  > {
    const target = parseTarget(request.url, this.#parts.env.prefix);
    if (target.kind !== 'ours') {
      return { kind: 'refused', reply: jsonError(target.kind === 'malformed' ? 400 : 404) };
    }
    const visit = visitOf(request, target, true);
    try {
      const visitor = await this.#parts.gate.identifySocket(visit);
      if (visitor.kind !== 'known' || !visitor.allowed) return { kind: 'refused', reply: jsonError(403) };
      const route = socketRouteOf(target.segments);
      if (route.kind === 'unknown') return { kind: 'refused', reply: jsonError(404) };
      if (route.kind === 'terminado' && !this.#parts.sessions.get(route.name)) {
        return { kind: 'refused', reply: jsonError(404, 'Terminal not found') };
      }
      if (this.#server.clients.size >= MAX_SOCKETS) return { kind: 'refused', reply: jsonError(429) };
      return { kind: 'welcome', route, visit, visitor };
    } catch (error) {
      const { status, message, detail } = faultOf(error);
      this.#parts.log.error('upgrade failed', { status, detail });
      return { kind: 'refused', reply: jsonError(status, message) };
    }
  }

  #open(
    webSocket: WebSocket,
    route: Exclude<SocketRoute, { kind: 'unknown' }>,
    visit: Visit,
    visitor: Known,
  ): void {
    const { sockets, sessions, log } = this.#parts;
    const registration = sockets.add({
      token: visitor.token,
      sessionId: visit.sessionId,
      holder: visitor.holder,
      close: (code, reason) => closeSurely(webSocket, code, reason),
    });
    this.#alive.add(webSocket);
    webSocket.on('pong', () => this.#alive.add(webSocket));
    webSocket.on('close', () => registration[Symbol.dispose]());
    webSocket.on('error', (error) => log.debug('socket broke', { error: error.message }));
    if (route.kind === 'term') openTerm(webSocket, sessions, log);
    else openTerminado(webSocket, sessions, route.name, log);
  }

  /** A peer that answered no ping of a whole beat is gone. */
  #beat(): void {
    for (const webSocket of this.#server.clients) {
      if (!this.#alive.has(webSocket)) {
        webSocket.terminate();
        continue;
      }
      this.#alive.delete(webSocket);
      webSocket.ping();
    }
  }
}

/** Closes politely, and cuts the line of a peer that does not answer. */
function closeSurely(webSocket: WebSocket, code: number, reason: string): void {
  webSocket.close(code, reason);
  setTimeout(() => webSocket.terminate(), 1_000).unref();
}
