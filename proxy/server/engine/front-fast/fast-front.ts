/**
 * The raw engine: a strict front for the usual request, and the `node:http` front for everything else on the same
 * listener. Owns the connections that the fast front serves and their one clock. A connection that was handed over
 * stays with Node until it ends.
 */
import type { Server, Socket } from 'node:net';
import type { ListenerTls } from '../../tls.js';
import type { Engine, EngineContext } from '../engine.js';
import { NodeFront } from '../node-front.js';
import { RawForwarder } from '../raw-forwarder.js';
import type { UpstreamClient } from '../upstream/client.js';
import { ClientConnection } from './client-connection.js';
import { ClientReads } from './client-reads.js';
import type { Front, Swept } from './front.js';
import { RequestWriter } from './request-text.js';

/** ms between two looks at the clock. */
const MIN_TICK = 50;
const MAX_TICK = 1000;

export class FastFront implements Engine {
  readonly #context: EngineContext;
  readonly #client: UpstreamClient;
  readonly #slow: NodeFront;
  readonly #requests: RequestWriter;
  readonly #connections = new Set<Swept>();
  readonly #tick: number;
  readonly #timer: NodeJS.Timeout;
  #now = Date.now();

  constructor(context: EngineContext, client: UpstreamClient) {
    this.#context = context;
    this.#client = client;
    this.#slow = new NodeFront(context, new RawForwarder(context, client));
    this.#requests = new RequestWriter(context.options);
    this.#tick = Math.min(MAX_TICK, Math.max(MIN_TICK, context.options.keepAliveTimeout / 4));
    this.#timer = setInterval(() => this.#sweep(), this.#tick);
    this.#timer.unref();
  }

  createServer(tls: ListenerTls | undefined): Server {
    const server = this.#slow.createServer(tls);
    const event = tls ? 'secureConnection' : 'connection';
    // Node's own listener of this event is its HTTP parser: it gets the sockets that we hand over.
    const toNode = server.listeners(event);
    server.removeAllListeners(event);
    const front = this.#frontFor(server, (socket) => {
      for (const listener of toNode) Reflect.apply(listener, server, [socket]);
    });
    const onread = this.#context.options.clientOnread && !tls;
    server.on(event, (socket: Socket) => {
      // One that comes back with a request in it (an upgrade that is none) has been read already.
      const reads = onread && socket.readableLength === 0 ? new ClientReads(socket) : undefined;
      this.#connections.add(new ClientConnection(front, reads?.socket ?? socket, reads));
    });
    // Whoever closes the listener does not know which of the two fronts has a connection.
    const closeNodes = server.closeAllConnections.bind(server);
    const closeIdleNodes = server.closeIdleConnections.bind(server);
    server.closeAllConnections = () => {
      closeNodes();
      for (const connection of this.#connections) connection.destroy();
    };
    // Node calls this one itself when the listener closes.
    server.closeIdleConnections = () => {
      closeIdleNodes();
      for (const connection of this.#connections) if (connection.idle) connection.destroy();
    };
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.destroy();
    await this.#slow[Symbol.asyncDispose]();
  }

  #frontFor(server: Server, toNode: (socket: Socket) => void): Front {
    const seconds = Math.floor(this.#context.options.keepAliveTimeout / 1000);
    return {
      context: this.#context,
      client: this.#client,
      requests: this.#requests,
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
