/**
 * Bodies of the proxy's own error answers: a service that renders them (`--error-target`), a folder
 * (`--error-path`) or the packaged pages; the bare reason phrase when those fail. Owns the requests it makes.
 */
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { type Agents, createAgents } from './engine/agents.js';
import { joinTarget } from './engine/request-target.js';
import { packagedPage } from './error-page-text.js';
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

  #fromTarget(target: Upstream, status: number, url: string, response: ServerResponse): void {
    const request = (target.secure ? httpsRequest : httpRequest)({
      host: target.hostname,
      port: target.port,
      ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
      ...(target.secure ? { servername: target.servername } : {}),
      path: joinTarget(target.pathname, target.query, `/${status}`, `?url=${encodeURIComponent(url)}`),
      agent: target.secure ? this.#agents.https : this.#agents.http,
    });
    const giveUp = (error: Error): void => {
      this.#log.error(`Failed to get custom error page: ${error.message}`);
      if (response.headersSent) response.destroy();
      else sendPlain(response);
    };
    request.setTimeout(TARGET_SILENCE, () => request.destroy(new Error('the error target is silent')));
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
  for (const name of ['content-type', 'content-encoding'] as const) {
    const content = page.headers[name];
    if (content !== undefined) response.setHeader(name, content);
  }
  page.once('error', giveUp);
  page.pipe(response);
}

function sendPlain(response: ServerResponse): void {
  sendBody(response, STATUS_CODES[response.statusCode] ?? 'Error', undefined);
}

function sendBody(response: ServerResponse, body: string | Buffer, type: string | undefined): void {
  if (response.destroyed || response.headersSent) return;
  if (type !== undefined) response.setHeader('content-type', type);
  response.end(body);
}
