/**
 * WebSocket upgrades: one upstream connection each, both halves ending together. Owns the sockets from the upgrade
 * on. Nothing is written into an established stream but what the other side sent; what the client sent early stays
 * in its socket until the target has agreed.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CookieGuard } from '../guard/cookies.js';
import type { Upstream } from '../routes/upstream.js';
import type { EngineContext } from './engine.js';
import { guardedAnswer, type HeaderMap, reasonPhrase, requestHeaders, responseHeaders } from './headers.js';
import { chunker, endSoon, headText, LINGER_MS, refuseUpgrade } from './raw-answer.js';

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came with the request beyond its head. */
  readonly head: Buffer;
  readonly upstream: Upstream;
  /** Undefined for a route that may have all cookies. */
  readonly guard: CookieGuard | undefined;
  readonly path: string;
  /** The proxy's own fields of the answer; the target's win. */
  readonly answerHeaders: HeaderMap;
  /** The client sent something. */
  active(): void;
  answered(status: number): void;
  failed(status: number, error: Error): void;
}

/** ms that a target may take to answer an upgrade. */
const HANDSHAKE_MS = 60_000;

/** All open tunnels, so that they can be counted and a stopping engine ends them. */
export class Tunnels implements Disposable {
  readonly #context: EngineContext;
  readonly #open = new Set<Duplex>();
  #joined = 0;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Tunnels whose target has agreed. */
  get count(): number {
    return this.#joined;
  }

  open(exchange: UpgradeExchange): void {
    const { socket } = exchange;
    this.#own(socket);
    const upstreamRequest = this.#ask(exchange);
    let waiting = true;
    const settle = (): boolean => {
      const first = waiting;
      waiting = false;
      clearTimeout(timer);
      return first;
    };
    const fail = (error: Error): void => {
      if (!settle()) return;
      exchange.failed(503, error);
      refuseUpgrade(socket, 503, exchange.answerHeaders);
    };
    const timer = setTimeout(
      () => upstreamRequest.destroy(new Error('no answer to the upgrade')),
      HANDSHAKE_MS,
    );
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      settle();
      upstreamRequest.destroy();
    });
    upstreamRequest.on('error', fail);
    upstreamRequest.once('upgrade', (answer, upstreamSocket, head) => {
      if (!settle()) {
        upstreamSocket.destroy();
        return;
      }
      exchange.answered(101);
      this.#own(upstreamSocket);
      this.#joined += 1;
      upstreamSocket.once('close', () => {
        this.#joined -= 1;
      });
      join(exchange, answer, upstreamSocket as Socket, head);
    });
    upstreamRequest.once('response', (answer) => {
      if (settle()) relayRefusal(exchange, answer, this.#context);
      else answer.destroy();
    });
    upstreamRequest.end();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }

  #own(socket: Duplex): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  #ask({ request, upstream, guard, path }: UpgradeExchange): ClientRequest {
    const { upstreamTls, verifyTargets, options } = this.#context;
    return (upstream.secure ? httpsRequest : httpRequest)({
      method: 'GET',
      host: upstream.hostname,
      port: upstream.port,
      path,
      ...(upstream.socketPath === undefined ? {} : { socketPath: upstream.socketPath }),
      ...(upstream.secure
        ? { ...upstreamTls, servername: upstream.servername, rejectUnauthorized: verifyTargets }
        : {}),
      agent: false,
      headers: {
        ...requestHeaders(request, 'ws', upstream, options, guard),
        connection: 'Upgrade',
        upgrade: 'websocket',
      },
    });
  }
}

function join(
  exchange: UpgradeExchange,
  answer: IncomingMessage,
  upstreamSocket: Socket,
  head: Buffer,
): void {
  const client = exchange.socket;
  for (const socket of [client, upstreamSocket]) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
  }
  client.write(
    headText(101, 'Switching Protocols', {
      ...exchange.answerHeaders,
      ...guardedAnswer(answer.headers, exchange.guard),
      connection: 'Upgrade',
      upgrade: answer.headers.upgrade ?? 'websocket',
    }),
    'latin1',
  );
  if (exchange.head.length > 0) client.unshift(exchange.head);
  if (head.length > 0) upstreamSocket.unshift(head);
  client.pipe(upstreamSocket);
  upstreamSocket.pipe(client);
  client.on('data', () => exchange.active());
  endTogether(client, upstreamSocket);
}

/** After one half's end the other may finish what it was saying, for a moment; an error ends both. */
function endTogether(client: Socket, upstreamSocket: Socket): void {
  let linger: NodeJS.Timeout | undefined;
  const startLinger = (): void => {
    linger ??= setTimeout(() => {
      client.destroy();
      upstreamSocket.destroy();
    }, LINGER_MS);
  };
  for (const [one, other] of [
    [client, upstreamSocket],
    [upstreamSocket, client],
  ] as const) {
    one.on('error', () => one.destroy());
    one.once('end', startLinger);
    one.once('close', () => {
      if (other.destroyed) {
        clearTimeout(linger);
        return;
      }
      startLinger();
      other.destroySoon();
    });
  }
}

/** The target answers like a web server: its answer is passed on and the connection closed. */
function relayRefusal(exchange: UpgradeExchange, answer: IncomingMessage, context: EngineContext): void {
  const { socket, request, upstream, guard } = exchange;
  const status = answer.statusCode ?? 503;
  exchange.answered(status);
  const headers = responseHeaders(answer, request, upstream, context.options, guard);
  const bodiless = status === 204 || status === 304;
  const chunked = !bodiless && headers['content-length'] === undefined;
  const head = headText(status, reasonPhrase(answer.statusMessage), {
    ...exchange.answerHeaders,
    ...headers,
    ...(chunked ? { 'transfer-encoding': 'chunked' } : {}),
    connection: 'close',
  });
  socket.write(head, 'latin1');
  const cut = (): void => {
    if (!answer.complete) socket.destroy();
  };
  answer.on('error', cut);
  answer.once('close', cut);
  const body = chunked ? answer.pipe(chunker()) : answer;
  body.pipe(socket, { end: false });
  body.once('end', () => endSoon(socket));
}
