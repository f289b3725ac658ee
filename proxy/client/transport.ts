/** One request to the REST API, over TCP, TLS or a UNIX socket. No retries, no meaning. */
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { Fault, messageOf } from '../../core/fault.js';
import type { TlsFiles } from './options.js';

export interface ApiReply {
  readonly status: number;
  readonly body: string;
}

/** ms without an answer. */
const SILENCE = 10_000;
/** Bytes. A table of 100,000 routes has about 20 MB. */
const MAX_REPLY = 64 * 1024 * 1024;

export class Transport implements Disposable {
  readonly #base: RequestOptions;
  readonly #prefix: string;
  readonly #secure: boolean;
  readonly #agent: Agent;

  /** @throws Fault CONFIG_INVALID for a URL that names no API */
  constructor(apiUrl: string, tls: TlsFiles | undefined) {
    const url = parseUrl(apiUrl);
    this.#secure = url.protocol === 'https:';
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#base = url.protocol.includes('unix')
      ? { socketPath: decodeURIComponent(url.host), headers: { host: 'localhost' } }
      : { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || (this.#secure ? 443 : 80) };
    const pool = { keepAlive: true, maxFreeSockets: 4, timeout: 4000 };
    this.#agent = this.#secure ? new TlsAgent({ ...pool, ...readFiles(tls) }) : new Agent(pool);
  }

  send(method: string, path: string, token: string, body?: string, silence = SILENCE): Promise<ApiReply> {
    return new Promise((resolve, reject) => {
      const request = (this.#secure ? httpsRequest : httpRequest)(
        {
          ...this.#base,
          method,
          path: `${this.#prefix}${path}`,
          agent: this.#agent,
          // here and not by setTimeout(): the pool's own limit would hold until the connection is made
          timeout: silence,
          headers: {
            ...this.#base.headers,
            authorization: `token ${token}`,
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          readAll(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), reject);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${silence / 1000} s`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > MAX_REPLY) throw new Error(`the answer is larger than ${MAX_REPLY} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseUrl(text: string): URL {
  const known = ['http:', 'https:', 'http+unix:', 'unix+http:'];
  if (!URL.canParse(text) || !known.includes(new URL(text).protocol) || new URL(text).host === '') {
    throw new Fault(
      'PROXY_URL_INVALID',
      `The proxy's API URL ${JSON.stringify(text.slice(0, 200))} is none of ${known.join(', ')} URLs.`,
    );
  }
  return new URL(text);
}

function readFiles(tls: TlsFiles | undefined): object {
  if (!tls) return {};
  try {
    return {
      key: readFileSync(tls.key),
      cert: readFileSync(tls.cert),
      ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
    };
  } catch (error) {
    throw new Fault(
      'PROXY_TLS_UNREADABLE',
      `The certificates for the proxy's API cannot be read: ${messageOf(error)}`,
    );
  }
}
