/**
 * Puts a strict front before a `node:http` server: usual requests are read here and answered by a service, connections
 * with anything else on them are handed to Node at a request boundary, and stay with it until they end. Owns the
 * connections that it reads and their one clock.
 */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { ClientConnection } from './client-connection.js';
import { ClientReads } from './client-reads.js';
import type { Front, Service, Swept } from './front.js';

/** ms between two looks at the clock. */
const MIN_TICK = 50;
const MAX_TICK = 1000;

export interface ListenerManner {
  readonly tls: boolean;
  /** Accepted sockets are read by `onread`; not for TLS. */
  readonly onread: boolean;
}

export class FrontListener implements Disposable {
  readonly #service: Service;
  readonly #connections = new Set<Swept>();
  readonly #tick: number;
  readonly #timer: NodeJS.Timeout;
  #now = Date.now();

  constructor(service: Service) {
    this.#service = service;
    this.#tick = Math.min(MAX_TICK, Math.max(MIN_TICK, service.keepAliveTimeout / 4));
    this.#timer = setInterval(() => this.#sweep(), this.#tick);
    this.#timer.unref();
  }

  /** @param server not listening yet */
  attach(server: HttpServer | HttpsServer, { tls, onread }: ListenerManner): void {
    const event = tls ? 'secureConnection' : 'connection';
    // Node's own listener of this event is its HTTP parser: it gets the sockets that we hand over.
    const toNode = server.listeners(event);
    server.removeAllListeners(event);
    const front = this.#frontFor(server, (socket) => {
      for (const listener of toNode) Reflect.apply(listener, server, [socket]);
    });
    server.on(event, (socket: Socket) => {
      // One that comes back with a request in it (an upgrade that is none) has been read already.
      const reads = onread && !tls && socket.readableLength === 0 ? new ClientReads(socket) : undefined;
      this.#connections.add(new ClientConnection(front, reads?.socket ?? socket, reads));
    });
    // Whoever closes the listener does not know which of the two fronts has a connection.
    const closeNodes = server.closeAllConnections.bind(server);
    const closeIdleNodes = server.closeIdleConnections.bind(server);
    server.closeAllConnections = () => {
      closeNodes();
      this.#destroyAll();
    };
    // Node calls this one itself when the listener closes.
    server.closeIdleConnections = () => {
      closeIdleNodes();
      for (const connection of this.#connections) if (connection.idle) connection.destroy();
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#destroyAll();
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #frontFor(server: HttpServer | HttpsServer, toNode: (socket: Socket) => void): Front {
    const seconds = Math.floor(this.#service.keepAliveTimeout / 1000);
    return {
      service: this.#service,
      get keepSeconds() {
        return server.listening ? seconds : undefined;
      },
      deadline: (ms) => this.#now + this.#tick + ms,
      handOver: (connection, socket) => {
        this.#connections.delete(connection);
        toNode(socket);
      },
      forget: (connection) => this.#connections.delete(connection),
    };
  }

  #sweep(): void {
    this.#now = Date.now();
    for (const connection of this.#connections) connection.sweep(this.#now);
  }
}
