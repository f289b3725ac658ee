import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../core/fault.js';
import type { Applied } from './credentials.js';
import { KubeError } from './error.js';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the answer is whole; for streams until its head is there. Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** For messages, e.g. `create pods/jupyter-ann`. */
  readonly what: string;
}

export interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export interface OpenReply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly stream: IncomingMessage;
  /** Ends the exchange: cuts the connection where the answer is not whole. */
  close(): void;
}

/**
 * Sends one request; resolves with the head of the answer. Knows whether a request that got none can have reached
 * the server: before the connection stood it cannot.
 * @throws KubeError `Unreachable` or `TimeLimit`; the signal's reason when aborted
 */
export function open(exchange: Exchange, applied: Applied, kind: 'calls' | 'watches'): Promise<OpenReply> {
  const { signal } = exchange;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const url = new URL(exchange.url);
  const body = exchange.body === undefined ? undefined : Buffer.from(exchange.body);
  const options: RequestOptions = {
    method: exchange.method,
    agent: applied[kind],
    headers: {
      ...applied.headers,
      ...exchange.headers,
      ...(body ? { 'content-length': String(body.length) } : {}),
    },
  };
  return new Promise((resolve, reject) => {
    let connected = false;
    let limited = false;
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
    const abort = (): void => void request.destroy(new Error('aborted'));
    const timer = setTimeout(() => {
      limited = true;
      request.destroy(new Error(`no answer within ${exchange.timeoutMs} ms`));
    }, exchange.timeoutMs);
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort, { once: true });
    request.on('socket', (socket) => {
      if (!socket.connecting) connected = true;
      else
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
    });
    request.on('error', (error) => {
      release();
      reject(signal?.aborted ? signal.reason : failure(exchange, error, { connected, limited }));
    });
    request.on('response', (stream) => {
      clearTimeout(timer);
      stream.once('close', release);
      resolve({
        status: stream.statusCode ?? 0,
        retryAfter: stream.headers['retry-after'],
        stream,
        close: () => void request.destroy(),
      });
    });
    request.end(body);
  });
}

/**
 * One exchange with its whole answer.
 * @throws KubeError as `open`, and `BadAnswer` when it is longer than `maxBytes`
 */
export async function send(exchange: Exchange, applied: Applied, maxBytes: number): Promise<Reply> {
  const started = performance.now();
  const reply = await open(exchange, applied, 'calls');
  let limited = false;
  const timer = setTimeout(
    () => {
      limited = true;
      reply.stream.destroy(new Error(`no whole answer within ${exchange.timeoutMs} ms`));
    },
    Math.max(1, exchange.timeoutMs - (performance.now() - started)),
  );
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of reply.stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLong(exchange, maxBytes);
      chunks.push(chunk);
    }
    return {
      status: reply.status,
      retryAfter: reply.retryAfter,
      text: Buffer.concat(chunks).toString('utf8'),
    };
  } catch (error) {
    reply.close();
    if (exchange.signal?.aborted) throw exchange.signal.reason;
    throw error instanceof KubeError ? error : failure(exchange, error, { connected: true, limited });
  } finally {
    clearTimeout(timer);
  }
}

/** @param told whether the connection stood, and whether it was our limit that ended it */
export function failure(
  exchange: Pick<Exchange, 'what' | 'url'>,
  error: unknown,
  told: { readonly connected: boolean; readonly limited: boolean },
): KubeError {
  const { host } = new URL(exchange.url);
  return new KubeError({
    status: 0,
    reason: told.limited ? 'TimeLimit' : 'Unreachable',
    message: `${exchange.what}: the Kubernetes API at ${host} ${told.limited ? 'is too slow' : 'cannot be reached'}: ${messageOf(error)}`,
    processed: told.connected ? 'unknown' : 'no',
    cause: error,
  });
}

function tooLong(exchange: Exchange, maxBytes: number): KubeError {
  return new KubeError({
    status: 0,
    reason: 'BadAnswer',
    message: `${exchange.what}: the answer is longer than ${maxBytes} bytes`,
    processed: 'yes',
  });
}
