/**
 * The raw engine: a strict front for the usual request, and the `node:http` front for everything else on the same
 * listener.
 */
import type { Server } from 'node:net';
import { FrontListener } from '../../front/listener.js';
import type { ListenerTls } from '../../tls.js';
import type { Engine, EngineContext } from '../engine.js';
import { NodeFront } from '../node-front.js';
import { RawForwarder } from '../raw-forwarder.js';
import type { UpstreamClient } from '../upstream/client.js';
import { ForwardedClient } from './forwarded-client.js';
import { RequestWriter } from './request-text.js';

export class FastFront implements Engine {
  readonly #onread: boolean;
  readonly #slow: NodeFront;
  readonly #listener: FrontListener;

  constructor(context: EngineContext, client: UpstreamClient) {
    const { options } = context;
    const requests = new RequestWriter(options);
    this.#onread = options.clientOnread;
    this.#slow = new NodeFront(context, new RawForwarder(context, client));
    this.#listener = new FrontListener({
      keepAliveTimeout: options.keepAliveTimeout,
      client: (line) => new ForwardedClient(line, context, client, requests),
    });
  }

  createServer(tls: ListenerTls | undefined): Server {
    const server = this.#slow.createServer(tls);
    this.#listener.attach(server, { tls: tls !== undefined, onread: this.#onread });
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener[Symbol.dispose]();
    await this.#slow[Symbol.asyncDispose]();
  }
}
