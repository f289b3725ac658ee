/**
 * Bodies of the proxy's own error answers: a service that renders them (`--error-target`), a folder
 * (`--error-path`) or the packaged pages; the bare reason phrase when those fail. Owns the requests it makes.
 */
import { readFile } from 'node:fs/promises';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { type Agents, createAgents } from './engine/agents.js';
import { packagedPage } from './error-page-text.js';
import { joinTarget } from './message/request-target.js';
import { parseUpstream, type Upstream } from './routes/upstream.js';
import type { TlsSettings } from './tls.js';

export interface ErrorPageOptions {
  /** With its trailing slash. */
  readonly errorTarget: string | undefined;
  readonly errorPath: string | undefined;
  readonly upstreamTls: TlsSettings;
  readonly verifyTargets: boolean;
  readonly log: Log;
}

/** An error page at hand. */
export interface ErrorPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Largest page of an error target that is kept in memory for a front that does not stream it. */
const MAX_PAGE = 1024 * 1024;

/** ms of silence after which the rendering service is given up. */
const TARGET_SILENCE = 15_000;

export class ErrorPages implements Disposable {
  readonly #target: Upstream | undefined;
  readonly #folder: string | undefined;
  readonly #agents: Agents;
  readonly #log: Log;

  /** @throws BadTarget for an unusable error target */
  constructor(options: ErrorPageOptions) {
    this.#target = options.errorTarget === undefined ? undefined : parseUpstream(options.errorTarget);
    this.#folder = options.errorPath;
    this.#agents = createAgents(options.upstreamTls, options.verifyTargets);
    this.#log = options.log;
  }

  /**
   * Answers `response`, whose head must not have been sent.
   * @param url path and query as received
   */
  send(status: number, url: string, response: ServerResponse): void {
    response.statusCode = status;
    if (this.#target) {
      this.#fromTarget(this.#target, status, url, response);
      return;
    }
    this.#fromFolder(status).then(
      (html) => sendBody(response, html, 'text/html'),
      (error: unknown) => {
        this.#log.error(`No error page for ${status}: ${messageOf(error)}`);
        sendPlain(response);
      },
    );
  }

  /** The same page for a front without a ServerResponse. Never rejects for a page that is not to be had. */
  async render(status: number, url: string): Promise<ErrorPage> {
    try {
      if (this.#target) return await this.#collect(this.#target, status, url);
      return { headers: { 'content-type': 'text/html' }, body: Buffer.from(await this.#fromFolder(status)) };
    } catch (error) {
      this.#log.error(`Failed to get custom error page: ${messageOf(error)}`);
      return { headers: {}, body: Buffer.from(STATUS_CODES[status] ?? 'Error') };
    }
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }

  async #fromFolder(status: number): Promise<string | Buffer> {
    if (this.#folder === undefined) return packagedPage(status);
    try {
      return await readFile(join(this.#folder, `${status}.html`));
    } catch (error) {
      this.#log.debug(`No error file for ${status}: ${messageOf(error)}`);
      return readFile(join(this.#folder, 'error.html'));
    }
  }

  #collect(target: Upstream, status: number, url: string): Promise<ErrorPage> {
    return new Promise((resolve, reject) => {
      const request = this.#ask(target, status, url);
      request.once('error', reject);
      request.once('response', (page) => {
        const pieces: Buffer[] = [];
        let length = 0;
        page.on('data', (piece: Buffer) => {
          pieces.push(piece);
          length += piece.length;
          if (length > MAX_PAGE) page.destroy(new Error('the error page is too large'));
        });
        page.once('error', reject);
        page.once('end', () => resolve({ headers: pageHeaders(page), body: Buffer.concat(pieces) }));
      });
      request.end();
    });
  }

  #ask(target: Upstream, status: number, url: string): ClientRequest {
    const request = (target.secure ? httpsRequest : httpRequest)({
      host: target.hostname,
      port: target.port,
      ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
      ...(target.secure ? { servername: target.servername } : {}),
      path: joinTarget(target.pathname, target.query, `/${status}`, `?url=${encodeURIComponent(url)}`),
      agent: target.secure ? this.#agents.https : this.#agents.http,
    });
    request.setTimeout(TARGET_SILENCE, () => request.destroy(new Error('the error target is silent')));
    return request;
  }

  #fromTarget(target: Upstream, status: number, url: string, response: ServerResponse): void {
    const request = this.#ask(target, status, url);
    const giveUp = (error: Error): void => {
      this.#log.error(`Failed to get custom error page: ${error.message}`);
      if (response.headersSent) response.destroy();
      else sendPlain(response);
    };
    request.once('error', giveUp);
    request.once('response', (page) => relayPage(page, response, giveUp));
    response.once('close', () => request.destroy());
    request.end();
  }
}

function relayPage(page: IncomingMessage, response: ServerResponse, giveUp: (error: Error) => void): void {
  if (response.destroyed) {
    page.destroy();
    return;
  }
  for (const [name, content] of Object.entries(pageHeaders(page))) response.setHeader(name, content);
  page.once('error', giveUp);
  page.pipe(response);
}

function pageHeaders(page: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ['content-type', 'content-encoding'] as const) {
    const content = page.headers[name];
    if (content !== undefined) headers[name] = content;
  }
  return headers;
}

function sendPlain(response: ServerResponse): void {
  sendBody(response, STATUS_CODES[response.statusCode] ?? 'Error', undefined);
}

function sendBody(response: ServerResponse, body: string | Buffer, type: string | undefined): void {
  if (response.destroyed || response.headersSent) return;
  if (type !== undefined) response.setHeader('content-type', type);
  response.end(body);
}
