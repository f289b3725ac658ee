import type { Clock } from '../core/clock.js';
import { isJsonObject } from '../core/model/json.js';
import { ANTEROOM_VERSION } from '../core/version.js';
import { abortable } from './abortable.js';
import type { RequestOptions } from './api.js';
import type { ConnectOptions } from './connect.js';
import type { Applied, Credentials } from './credentials.js';
import { KubeError } from './error.js';
import { retry } from './retry.js';
import { errorOf } from './status.js';
import { type Exchange, type Reply, send } from './transport.js';

const TIMEOUT_MS = 30_000;
const RETRY_MS = 60_000;
const OBJECT_BYTES = 8 * 1024 * 1024;
export const JSON_TYPE = 'application/json';

export interface Call extends RequestOptions {
  readonly method: Exchange['method'];
  readonly path: string;
  /** In words, for messages: `create pods/jupyter-ann in jhub`. */
  readonly what: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly maxBytes?: number;
  /** Whether it may be sent again after it failed like this; left out: always. */
  readonly again?: (error: KubeError) => boolean;
}

/** Sends calls as whom the credentials say, within their limits, as often as they may be sent. */
export class Requester implements Disposable {
  readonly credentials: Credentials;
  readonly #options: ConnectOptions;
  readonly #clock: Clock;
  readonly #closed = new AbortController();

  constructor(credentials: Credentials, options: ConnectOptions, clock: Clock) {
    this.credentials = credentials;
    this.#options = options;
    this.#clock = clock;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }

  headers(accept: string): Record<string, string> {
    return { accept, 'user-agent': this.#options.userAgent ?? `anteroom/${ANTEROOM_VERSION}` };
  }

  [Symbol.dispose](): void {
    this.#closed.abort(new Error('the Kubernetes client is closed'));
    this.credentials[Symbol.dispose]();
  }

  /** An answer that is an object or a list of them. */
  async object<T>(call: Call): Promise<T> {
    const reply = await this.call(call);
    let value: unknown;
    try {
      value = JSON.parse(reply.text);
    } catch (error) {
      throw badAnswer(call.what, reply, error);
    }
    if (!isJsonObject(value) || !isJsonObject(value['metadata'])) throw badAnswer(call.what, reply);
    return value as unknown as T;
  }

  call(call: Call): Promise<Reply> {
    let renewed = false;
    const rules = {
      clock: this.#clock,
      signal: call.signal,
      timeoutMs: call.timeoutMs ?? this.timeoutMs,
      retryForMs: call.retryForMs ?? this.#options.retryForMs ?? RETRY_MS,
      again: call.again ?? (() => true),
    };
    return retry(rules, async (timeoutMs) => {
      const applied = await abortable(this.credentials.current(), call.signal);
      try {
        return await this.#once(call, timeoutMs, applied);
      } catch (error) {
        if (!(error instanceof KubeError && error.status === 401) || renewed) throw error;
        renewed = true;
        this.credentials.invalidate(applied);
        return await this.#once(call, timeoutMs, await abortable(this.credentials.current(), call.signal));
      }
    });
  }

  async #once(call: Call, timeoutMs: number, applied: Applied): Promise<Reply> {
    this.#closed.signal.throwIfAborted();
    const hasBody = call.body !== undefined;
    const exchange: Exchange = {
      method: call.method,
      url: `${this.credentials.server}${call.path}`,
      headers: {
        ...this.headers(call.accept ?? JSON_TYPE),
        ...(hasBody ? { 'content-type': call.contentType ?? JSON_TYPE } : {}),
      },
      ...(hasBody ? { body: JSON.stringify(call.body) } : {}),
      timeoutMs,
      signal: call.signal,
      what: call.what,
    };
    const reply = await send(exchange, applied, call.maxBytes ?? OBJECT_BYTES);
    if (reply.status >= 300) throw errorOf(reply, call.what);
    return reply;
  }
}

function badAnswer(what: string, reply: Reply, cause?: unknown): KubeError {
  return new KubeError({
    status: 0,
    reason: 'BadAnswer',
    message: `${what}: the answer is not of a Kubernetes API: ${JSON.stringify(reply.text.slice(0, 80))}`,
    processed: 'unknown',
    cause,
  });
}
