/**
 * The reference engine's upstream half: http-proxy-3 sends the request, we relay the answer (`selfHandleResponse`).
 * It is handed finished headers and a finished path, because what it makes of them on its own is not what we want:
 * it forwards hop-by-hop headers, re-parses the path, and declares chunked DELETE and OPTIONS bodies empty while it
 * sends them (request-rules.ts refuses those before they come here).
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyServer, type ProxyServer } from 'http-proxy-3';
import { type Agents, createAgents } from './agents.js';
import type { EngineContext } from './engine.js';
import type { Exchange, WebForwarder } from './exchange.js';
import { requestHeaders } from './headers.js';
import { relayResponse } from './relay-response.js';
import { bodyRefusal, isLastOnConnection, type Refusal } from './request-rules.js';

interface Attempt {
  readonly exchange: Exchange;
  readonly first: boolean;
  upstreamRequest: ClientRequest | undefined;
  settled: boolean;
}

export class HttpProxy3Forwarder implements WebForwarder {
  readonly #context: EngineContext;
  readonly #proxy: ProxyServer;
  readonly #agents: Agents;
  readonly #attempts = new WeakMap<IncomingMessage, Attempt>();

  constructor(context: EngineContext) {
    this.#context = context;
    this.#agents = createAgents(context.upstreamTls, context.verifyTargets);
    this.#proxy = createProxyServer({ prependPath: false, toProxy: true, selfHandleResponse: true });
    this.#proxy.on('proxyReq', (upstreamRequest, request, _response, _options, socket) => {
      const attempt = this.#attempts.get(request);
      if (attempt) this.#begun(attempt, upstreamRequest, socket);
    });
    this.#proxy.on('proxyRes', (answer, request) => {
      const attempt = this.#attempts.get(request);
      if (!attempt) return;
      attempt.settled = true;
      relayResponse(answer, attempt.exchange, context.options);
    });
    this.#proxy.on('error', (error, request) => {
      const attempt = this.#attempts.get(request);
      if (attempt) this.#failed(attempt, error);
    });
  }

  forward(exchange: Exchange): void {
    const { request, upstream, guard } = exchange;
    request.headers = requestHeaders(request, 'web', upstream, this.#context.options, guard);
    request.url = exchange.path;
    this.#send({ exchange, first: true, upstreamRequest: undefined, settled: false });
  }

  refuse(request: IncomingMessage): Refusal | undefined {
    return bodyRefusal(request);
  }

  get counts(): { readonly open: number; readonly idle: number } {
    return this.#agents.counts;
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }

  #send(attempt: Attempt): void {
    const { request, response, upstream } = attempt.exchange;
    this.#attempts.set(request, attempt);
    const { http, https } = this.#agents;
    this.#proxy.web(request, response, {
      target: {
        protocol: upstream.secure ? 'https:' : 'http:',
        host: upstream.hostname,
        hostname: upstream.hostname,
        port: upstream.port,
        ...(upstream.socketPath === undefined ? {} : { socketPath: upstream.socketPath }),
      },
      // Without an agent it is a connection of its own, and closed.
      ...(isLastOnConnection(request) ? {} : { agent: upstream.secure ? https : http }),
      // Becomes the base of the request's options; a fresh object each time, since it is written to.
      ssl: upstream.secure ? { servername: upstream.servername } : {},
      secure: this.#context.verifyTargets,
    });
  }

  #begun(attempt: Attempt, upstreamRequest: ClientRequest, socket: Socket): void {
    attempt.upstreamRequest = upstreamRequest;
    // A target that switches protocols unasked gives neither a response nor an error.
    upstreamRequest.once('upgrade', (_answer, upgraded) => upgraded.destroy());
    upstreamRequest.once('close', () =>
      this.#failed(attempt, new Error('the target closed without an answer')),
    );
    const silence = this.#context.options.proxyTimeout;
    if (silence !== undefined) limitSilence(upstreamRequest, socket, silence);
  }

  #failed(attempt: Attempt, error: NodeJS.ErrnoException): void {
    if (attempt.settled) {
      // After the answer began only the client's half fails this way; the relay sees to the target's.
      return;
    }
    attempt.settled = true;
    const { exchange } = attempt;
    if (mayRetry(attempt, error)) {
      this.#send({ exchange, first: false, upstreamRequest: undefined, settled: false });
      return;
    }
    exchange.fail(503, error);
  }
}

/**
 * A kept connection may close just as a request goes out on it. Only a request without body and effect is sent
 * again, once, when not a byte of an answer came.
 */
function mayRetry(attempt: Attempt, error: NodeJS.ErrnoException): boolean {
  const { request, response } = attempt.exchange;
  return (
    attempt.first &&
    (request.method === 'GET' || request.method === 'HEAD') &&
    attempt.upstreamRequest?.reusedSocket === true &&
    (error.code === 'ECONNRESET' || error.code === 'EPIPE') &&
    !response.destroyed
  );
}

function limitSilence(upstreamRequest: ClientRequest, socket: Socket, silence: number): void {
  const expire = (): void => {
    upstreamRequest.destroy(Object.assign(new Error('the target is silent'), { code: 'ETIMEDOUT' }));
  };
  upstreamRequest.setTimeout(silence, expire);
  // Node starts that timer once the connection stands; connecting counts too.
  if (socket.connecting) socket.setTimeout(silence);
}
