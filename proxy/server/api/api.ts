/**
 * CHP's REST API on the route table, complete: `/api/routes` and what is below it. The token
 * is checked before a byte of the body is read. Owns answers and access log; no socket, no store.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { isJsonObject } from '../../../core/model/json.js';
import type { Metrics } from '../metrics.js';
import type { Route } from '../routes/route.js';
import { StoreUnavailable } from '../routes/store.js';
import type { RouteTable } from '../routes/table.js';
import { TokenCheck } from './auth.js';
import { BodyTooLarge, readBody } from './body.js';

/** Bytes. JupyterHub posts some hundred. */
const MAX_BODY = 1024 * 1024;

interface Answer {
  readonly status: number;
  /** Text as it is, or JSON. */
  readonly text?: string;
  readonly json?: string;
}

export interface ApiOptions {
  readonly table: RouteTable;
  readonly token: string | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class RouteApi {
  readonly #table: RouteTable;
  readonly #auth: TokenCheck;
  readonly #metrics: Metrics;
  readonly #log: Log;

  constructor(options: ApiOptions) {
    this.#table = options.table;
    this.#auth = new TokenCheck(options.token);
    this.#metrics = options.metrics;
    this.#log = options.log;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request)
      .catch((error: unknown): Answer => {
        if (error instanceof StoreUnavailable) return { status: 503, text: error.message };
        this.#log.error(`Error in handler for ${request.method} ${pathOf(request)}: ${messageOf(error)}`);
        return { status: 500, text: 'Internal Server Error' };
      })
      .then((answer) => this.#send(answer, request, response))
      .catch((error: unknown) => {
        this.#log.error(
          `The answer to ${request.method} ${pathOf(request)} was not sent: ${messageOf(error)}`,
        );
        response.destroy();
      });
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const raw = routePart(pathOf(request));
    if (raw === undefined) return { status: 404, text: 'Not Found' };
    const handler = this.#handlerFor(request.method);
    if (!handler) return { status: 405, text: 'Method not supported' };
    if (!this.#auth.allows(request.headers.authorization)) return { status: 403 };
    const path = decodePath(raw);
    if (path === undefined) return { status: 400, text: 'Malformed percent-encoding in the path' };
    return handler.call(this, path, request);
  }

  #handlerFor(
    method: string | undefined,
  ): ((path: string, request: IncomingMessage) => Promise<Answer>) | undefined {
    switch (method) {
      case 'GET':
        return this.#get;
      case 'POST':
        return this.#post;
      case 'DELETE':
        return this.#delete;
      default:
        return undefined;
    }
  }

  async #get(path: string, request: IncomingMessage): Promise<Answer> {
    if (path === '' || path === '/') return this.#list(request);
    const route = await this.#table.get(path);
    return route ? { status: 200, json: JSON.stringify(route) } : { status: 404 };
  }

  async #list(request: IncomingMessage): Promise<Answer> {
    this.#metrics.apiRoute('get');
    const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
    const since = query.get('inactiveSince') || query.get('inactive_since') || '';
    const time = since === '' ? undefined : Date.parse(since);
    if (time !== undefined && Number.isNaN(time)) {
      return { status: 400, text: `Invalid datestamp '${since.slice(0, 100)}' must be ISO8601.` };
    }
    return { status: 200, json: listing(await this.#table.list(time)) };
  }

  async #post(path: string, request: IncomingMessage): Promise<Answer> {
    let body: unknown;
    try {
      body = JSON.parse((await readBody(request, MAX_BODY)).toString('utf8'));
    } catch (error) {
      if (error instanceof BodyTooLarge) return { status: 413, text: 'Body too large' };
      if (error instanceof SyntaxError) return { status: 400, text: `Body not valid JSON: ${error.message}` };
      throw error;
    }
    if (!isJsonObject(body) || typeof body['target'] !== 'string') {
      return { status: 400, text: "Must specify 'target' as string" };
    }
    this.#metrics.apiRoute('add');
    await this.#table.add(path, body['target'], body);
    return { status: 201 };
  }

  async #delete(path: string): Promise<Answer> {
    this.#metrics.apiRoute('delete');
    // Without a path there is nothing to delete; with `/` it is the root route.
    const removed = path !== '' && (await this.#table.remove(path));
    return { status: removed ? 204 : 404 };
  }

  #send(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
    this.#metrics.api(answer.status);
    const level = answer.status < 400 ? 'info' : answer.status < 500 ? 'warn' : 'error';
    this.#log[level](`${answer.status} ${request.method} ${pathOf(request)} ${answer.text ?? ''}`.trimEnd());
    if (response.destroyed) return;
    response.statusCode = answer.status;
    if (answer.json !== undefined) response.setHeader('content-type', 'application/json');
    // What was not read is not waited for.
    if (!request.complete) response.setHeader('connection', 'close');
    response.end(answer.json ?? answer.text);
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

/** @returns what follows `/api/routes`; undefined for other paths */
function routePart(path: string): string | undefined {
  return /^\/api\/routes(\/.*)?$/.exec(path) ? path.slice('/api/routes'.length) : undefined;
}

function decodePath(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** Written member by member: a path is a key like any other, whatever it is called. */
function listing(routes: readonly Route[]): string {
  return `{${routes.map((route) => `${JSON.stringify(route.path)}:${JSON.stringify(route)}`).join(',')}}`;
}
