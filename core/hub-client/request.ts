import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Fault, messageOf } from '../fault.js';

/** PEM texts of internal TLS: what we present, and whom we believe (JupyterHub's `internal_ssl`). */
export interface HubTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

export interface HubReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HubRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute: `http:`, `https:` or `http+unix://%2Fpath%2Fof%2Fsocket/rest` (JupyterHub 6). */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Longest answer read; a user model with its scopes is a few kilobytes. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/**
 * One HTTP exchange with the hub's API, on kept connections. Redirects are not followed: the API makes none.
 * Throws `HUB_UNREACHABLE` (502) when there is no complete answer, whatever the cause.
 */
export class HubTransport implements Disposable {
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 32 });
  readonly #https: HttpsAgent;

  constructor(tls?: HubTls) {
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: 32, ...tls });
  }

  async send(exchange: HubRequest): Promise<HubReply> {
    try {
      return await this.#exchange(exchange);
    } catch (error) {
      throw new Fault('HUB_UNREACHABLE', 'The hub cannot be reached. Try again in a moment.', {
        status: 502,
        detail: messageOf(error),
        cause: error,
      });
    }
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #exchange(exchange: HubRequest): Promise<HubReply> {
    const target = targetOf(exchange.url);
    const body = exchange.body === undefined ? undefined : Buffer.from(exchange.body, 'utf8');
    const timeout = AbortSignal.timeout(exchange.timeoutMs);
    const options: RequestOptions = {
      ...target.options,
      method: exchange.method,
      agent: target.secure ? this.#https : this.#http,
      signal: exchange.signal ? AbortSignal.any([exchange.signal, timeout]) : timeout,
      headers: {
        accept: 'application/json',
        ...exchange.headers,
        ...(body ? { 'content-length': String(body.length) } : {}),
      },
    };
    return new Promise((resolve, reject) => {
      const outgoing = (target.secure ? httpsRequest : httpRequest)(options, (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_REPLY_BYTES)
            outgoing.destroy(new Error(`answer longer than ${MAX_REPLY_BYTES} bytes`));
          else chunks.push(chunk);
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

/** Splits a hub URL into what node:http wants; throws when it is none of the three schemes. */
function targetOf(url: string): { readonly secure: boolean; readonly options: RequestOptions } {
  const unix = /^http\+unix:\/\/([^/]+)(\/.*)?$/.exec(url);
  if (unix) {
    const [, socket = '', path = '/'] = unix;
    return { secure: false, options: { socketPath: decodeURIComponent(socket), path } };
  }
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new Error(`not an HTTP address: ${parsed.protocol}`);
  }
  const secure = parsed.protocol === 'https:';
  return {
    secure,
    options: {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
      path: `${parsed.pathname}${parsed.search}`,
    },
  };
}
