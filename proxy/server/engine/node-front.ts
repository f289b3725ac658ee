/**
 * The `node:http` front: Node parses, this checks, routes and hands over. Owns the public server's settings, the
 * health answer, refusals and activity. Forwarding a web request is the forwarder's, an open WebSocket the tunnels'.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { NodeAccess } from '../access/node-access.js';
import { pathOf } from '../message/path-of.js';
import type { Route } from '../routes/route.js';
import type { RouteLookup } from '../routes/table.js';
import { type ListenerTls, serverTlsOptions } from '../tls.js';
import type { Engine, EngineContext } from './engine.js';
import type { WebForwarder } from './exchange.js';
import { refuseUpgrade } from './raw-answer.js';
import { reportFailure } from './report.js';
import { hasBody, refusalOf, upgradeRefusal } from './request-rules.js';
import { HEALTH, type Routed, routeRequest } from './routing.js';
import { Tunnels } from './tunnel/tunnels.js';
import { isWebSocket, serveWithoutUpgrade } from './upgrade.js';
import { Uploads } from './uploads.js';

export class NodeFront implements Engine {
  readonly #context: EngineContext;
  readonly #forwarder: WebForwarder;
  readonly #tunnels: Tunnels;
  readonly #access: NodeAccess;
  readonly #uploads = new Uploads();
  /** Refused and about to be closed: what else came on them is not looked at. */
  readonly #refused = new WeakSet<Socket>();

  constructor(context: EngineContext, forwarder: WebForwarder) {
    this.#context = context;
    this.#forwarder = forwarder;
    this.#tunnels = new Tunnels(context);
    this.#access = new NodeAccess(context.access);
  }

  createServer(tls: ListenerTls | undefined): Server | TlsServer {
    const settings = {
      keepAlive: true,
      // ms: a client that has lost its network is not waited for as long as the kernel would.
      keepAliveInitialDelay: 60_000,
      keepAliveTimeout: this.#context.options.keepAliveTimeout,
      headersTimeout: 60_000,
      // A slow upload is no attack while it moves: see uploads.ts.
      requestTimeout: 0,
      requireHostHeader: false,
      // Where Node knows it: other offers to switch are served as if they had not been made.
      shouldUpgradeCallback: isWebSocket,
    };
    const server = tls ? createTlsServer({ ...settings, ...serverTlsOptions(tls) }) : createServer(settings);
    // The count is checked by us; Node would cut the rest off silently.
    server.maxHeadersCount = 0;
    server.on('request', (request, response) => this.#web(request, response));
    server.on('upgrade', (request, duplex, head) => {
      const socket = duplex as Socket;
      // Node took its own listeners away: from here on an error of this socket has no other owner.
      socket.on('error', () => socket.destroy());
      if (isWebSocket(request)) this.#upgrade(request, socket, head);
      // Node 20 asks nobody: every offer comes here.
      else serveWithoutUpgrade(server, request, socket, head);
    });
    server.on('connect', (_request, socket) => {
      socket.on('error', () => socket.destroy());
      refuseUpgrade(socket, 405);
    });
    // Node does not know the sockets that have left it.
    const closeNodes = server.closeAllConnections.bind(server);
    server.closeAllConnections = () => {
      closeNodes();
      this.#tunnels[Symbol.dispose]();
    };
    this.#context.metrics.watch(async () => {
      const { open, idle } = this.#forwarder.counts;
      return {
        clients: await connectionsOf(server),
        tunnels: this.#tunnels.count,
        active: open - idle,
        idle,
      };
    });
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#uploads[Symbol.dispose]();
    this.#tunnels[Symbol.dispose]();
    this.#forwarder[Symbol.dispose]();
  }

  #web(request: IncomingMessage, response: ServerResponse): void {
    if (this.#refused.has(request.socket)) {
      response.destroy();
      return;
    }
    const url = request.url ?? '/';
    if (url === HEALTH) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"OK"}');
      return;
    }
    this.#context.metrics.web();
    this.#access.web(request, response);
    const refusal = refusalOf(request) ?? this.#forwarder.refuse(request);
    if (refusal) {
      this.#report(refusal.status, request, url, new Error(refusal.reason));
      this.#refused.add(request.socket);
      response.writeHead(refusal.status, {
        'content-type': 'text/plain; charset=utf-8',
        connection: 'close',
      });
      response.end(`${refusal.reason}\n`);
      return;
    }
    this.#routed(request, url, response).catch((error: Error) => {
      this.#fail(500, error, url, request, response);
    });
  }

  async #routed(request: IncomingMessage, url: string, response: ServerResponse): Promise<void> {
    const { routes, options, hostRouting } = this.#context;
    const routed = await routeRequest(request, routes, options, hostRouting);
    if (response.destroyed) return;
    if (routed.kind === 'routed') this.#forward(routed, request, response);
    else this.#fail(routed.status, routed.error, url, request, response);
  }

  #forward(routed: Routed, request: IncomingMessage, response: ServerResponse): void {
    const { options, metrics, routes, log } = this.#context;
    const { route, upstream, guard, path, shown } = routed;
    this.#access.routed(request, route);
    log.debug(`PROXY WEB ${pathOf(shown)} to ${route.target}`);
    if (options.timeout !== undefined) request.socket.setTimeout(options.timeout);
    let failed = false;
    response.once('finish', () => {
      if (response.statusCode < 300) routes.touch(route);
    });
    this.#forwarder.forward({
      request,
      response,
      route,
      upstream,
      guard,
      path,
      answered: (status) => metrics.proxied(status),
      fail: (status, error) => {
        if (failed) return;
        failed = true;
        this.#fail(status, error, shown, request, response);
      },
    });
    if (!hasBody(request)) return;
    this.#uploads.watch(request);
    request.on('data', () => {
      this.#uploads.moved(request);
      routes.touch(route);
    });
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { metrics } = this.#context;
    metrics.ws();
    this.#access.upgrade(request, socket);
    const url = request.url ?? '/';
    const refuse = (status: number, error: Error): void => {
      this.#report(status, request, url, error);
      this.#access.answered(request, status);
      metrics.proxied(status);
      refuseUpgrade(socket, status, this.#access.answerHeaders(request));
    };
    const refusal = refusalOf(request) ?? upgradeRefusal(request);
    if (refusal) {
      refuse(refusal.status, new Error(refusal.reason));
      return;
    }
    this.#tunnel(request, socket, head, refuse).catch((error: Error) => refuse(500, error));
  }

  async #tunnel(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    refuse: (status: number, error: Error) => void,
  ): Promise<void> {
    const { routes, options, hostRouting, metrics, log } = this.#context;
    const routed = await routeRequest(request, routes, options, hostRouting);
    if (socket.destroyed) return;
    if (routed.kind !== 'routed') {
      refuse(routed.status, routed.error);
      return;
    }
    const { route, upstream, guard, path, shown } = routed;
    this.#access.routed(request, route);
    log.debug(`PROXY WS ${pathOf(shown)} to ${route.target}`);
    this.#tunnels.open({
      request,
      socket,
      head,
      upstream,
      guard,
      path,
      answerHeaders: this.#access.answerHeaders(request),
      active: toucher(routes, route),
      // Not counted with what is proxied, which is web requests and the proxy's own refusals (as in CHP 5.3.0).
      answered: (status) => this.#access.answered(request, status),
      failed: (status, error) => {
        metrics.proxied(status);
        this.#access.answered(request, status);
        this.#report(status, request, shown, error);
      },
    });
  }

  #fail(status: number, error: Error, url: string, request: IncomingMessage, response: ServerResponse): void {
    if (response.destroyed || request.socket.destroyed) return;
    this.#report(status, request, url, error);
    this.#context.metrics.proxied(status);
    if (response.headersSent) response.destroy();
    else this.#context.errorPages.send(status, url, response);
  }

  #report(status: number, request: IncomingMessage, url: string, error: Error): void {
    this.#access.failed(request, error);
    reportFailure(this.#context.log, status, request.method, url, error);
  }
}

/** Holds on to nothing else: a tunnel keeps it for hours. */
function toucher(routes: RouteLookup, route: Route): () => void {
  return () => routes.touch(route);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
