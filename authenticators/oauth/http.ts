/**
 * How a provider is asked: with a time limit over all, bodies no larger than told, and no redirect followed, because what a
 * request carries (a secret, a token) is for the address it was configured for. Says nothing of what the answers mean.
 */
import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { messageOf, StartupFault } from '../../core/fault.js';
import { turns } from '../../core/turns.js';
import { refusedAnswer, unreachable } from './faults.js';
import type { RequestKwargs } from './request-kwargs.js';

/** tornado's. */
const DEFAULT_TIMEOUT_SECONDS = 20;
/** Bytes; what is known of a user with thousands of groups fits. */
const MAX_BODY = 2 * 1024 * 1024;
/** A class that signs in at once must not wait for one another: the time limit counts from the asking. */
const CONNECTIONS = 256;

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export class ProviderHttp implements AsyncDisposable {
  readonly #kwargs: RequestKwargs;
  readonly #validateCert: boolean;
  #dispatcher: Dispatcher | undefined;

  constructor(options: { readonly kwargs: RequestKwargs; readonly validateCert: boolean }) {
    this.#kwargs = options.kwargs;
    this.#validateCert = options.validateCert && options.kwargs.validate_cert !== false;
  }

  /** @throws StartupFault naming a file that cannot be read */
  async provision(): Promise<void> {
    const {
      proxy_host: host,
      proxy_port: port,
      proxy_username: user,
      proxy_password: password,
    } = this.#kwargs;
    const connect = {
      rejectUnauthorized: this.#validateCert,
      timeout: (this.#kwargs.connect_timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
      ...(await this.#files()),
    };
    const basic = Buffer.from(`${user}:${password ?? ''}`).toString('base64');
    this.#dispatcher =
      host === undefined
        ? new Agent({ connect, connections: CONNECTIONS })
        : new ProxyAgent({
            uri: `http://${host}:${port}`,
            requestTls: connect,
            ...(user !== undefined && { token: `Basic ${basic}` }),
          });
  }

  /**
   * Any status is an answer.
   * @param what named in the log when it fails, e.g. `the token endpoint`
   * @throws Fault PROVIDER_UNREACHABLE, PROVIDER_ANSWER
   */
  async fetch(url: string, what: string, given: HttpRequest = {}): Promise<HttpAnswer> {
    if (!this.#dispatcher) throw new Error('the provider is asked before provision()');
    const { headers = {}, user_agent = 'Anteroom' } = this.#kwargs;
    const timeout = (this.#kwargs.request_timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
    await turns.take();
    const signal = AbortSignal.timeout(timeout);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(url, {
        method: (given.method ?? 'GET') as Dispatcher.HttpMethod,
        headers: { accept: 'application/json', 'user-agent': user_agent, ...headers, ...given.headers },
        body: given.body ?? null,
        dispatcher: this.#dispatcher,
        signal,
      });
    } catch (error) {
      throw unreachable(what, url, signal.aborted ? `no answer in ${timeout} ms` : reasonOf(error));
    }
    const text = await readBounded(answer, what, url);
    // Answers for a whole class come together where the provider was slow.
    await turns.take();
    const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value ?? '')] as const);
    return { status: answer.statusCode, headers: Object.fromEntries(flat), text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher?.destroy();
    this.#dispatcher = undefined;
  }

  async #files(): Promise<{ readonly ca?: string; readonly key?: string; readonly cert?: string }> {
    const names = { ca: 'ca_certs', key: 'client_key', cert: 'client_cert' } as const;
    const read: Record<string, string> = {};
    for (const [option, kwarg] of Object.entries(names)) {
      const path = this.#kwargs[kwarg];
      if (path === undefined) continue;
      try {
        read[option] = await readFile(path, 'utf8');
      } catch (error) {
        throw new StartupFault([`OAuthenticator.http_request_kwargs: ${kwarg}: ${messageOf(error)}`]);
      }
    }
    return read;
  }
}

async function readBounded(answer: Dispatcher.ResponseData, what: string, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) {
        answer.body.destroy();
        throw refusedAnswer(what, `${url.split('?', 1)[0]}: more than ${MAX_BODY} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (size > MAX_BODY) throw error;
    throw unreachable(what, url, reasonOf(error));
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The system's word for it (ECONNREFUSED, a certificate's fault), which undici wraps. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`;
}
