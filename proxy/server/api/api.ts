/**
 * CHP's REST API on the route table, complete: `/api/routes` and what is below it. The token
 * is checked before a byte of the body is read. Owns answers and access log; no socket, no store.
 */
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { isJsonObject } from '../../../core/model/json.js';
import { pathOf } from '../message/path-of.js';
import { escapedPath } from '../message/request-target.js';
import type { Metrics } from '../metrics.js';
import type { Route } from '../routes/route.js';
import { StoreUnavailable } from '../routes/store.js';
import type { RouteTable } from '../routes/table.js';
import { TokenCheck } from './auth.js';
import { BodyTooLarge } from './body.js';

/** As whoever has read its head tells it. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, as received. */
  readonly url: string;
  /** It says the token. */
  readonly allowed: boolean;
  /** @throws BodyTooLarge; whatever reading it throws when the client breaks off */
  body(): Promise<string>;
}

export interface ApiAnswer {
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

  /** Whether it says the token. */
  allows(authorization: string | undefined): boolean {
    return this.#auth.allows(authorization);
  }

  /** Never rejects. */
  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#handle(request).catch((error: unknown): ApiAnswer => {
      if (error instanceof StoreUnavailable) return { status: 503, text: error.message };
      this.#log.error(`Error in handler for ${request.method} ${pathOf(request.url)}: ${messageOf(error)}`);
      return { status: 500, text: 'Internal Server Error' };
    });
    this.#metrics.api(answer.status);
    const level = answer.status < 400 ? 'info' : answer.status < 500 ? 'warn' : 'error';
    this.#log[level](
      `${answer.status} ${request.method} ${pathOf(request.url)} ${answer.text ?? ''}`.trimEnd(),
    );
    return answer;
  }

  /** For whoever could not write it. */
  notSent(request: Pick<ApiRequest, 'method' | 'url'>, error: unknown): void {
    this.#log.error(
      `The answer to ${request.method} ${pathOf(request.url)} was not sent: ${messageOf(error)}`,
    );
  }

  async #handle(request: ApiRequest): Promise<ApiAnswer> {
    const raw = routePart(escapedPath(request.url) ?? '');
    if (raw === undefined) return { status: 404, text: 'Not Found' };
    const handler = this.#handlerFor(request.method);
    if (!handler) return { status: 405, text: 'Method not supported' };
    if (!request.allowed) return { status: 403 };
    const path = decodePath(raw);
    if (path === undefined) return { status: 400, text: 'Malformed percent-encoding in the path' };
    return handler.call(this, path, request);
  }

  #handlerFor(method: string): ((path: string, request: ApiRequest) => Promise<ApiAnswer>) | undefined {
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

  async #get(path: string, request: ApiRequest): Promise<ApiAnswer> {
    if (path === '' || path === '/') return this.#list(request);
    const route = await this.#table.get(path);
    return route ? { status: 200, json: JSON.stringify(route) } : { status: 404 };
  }

  async #list(request: ApiRequest): Promise<ApiAnswer> {
    const query = new URLSearchParams(request.url.split('?').slice(1).join('?'));
    const since = query.get('inactiveSince') || query.get('inactive_since') || '';
    const time = since === '' ? undefined : Date.parse(since);
    if (time !== undefined && Number.isNaN(time)) {
      return { status: 400, text: `Invalid datestamp '${since.slice(0, 100)}' must be ISO8601.` };
    }
    this.#metrics.apiRoute('get');
    return { status: 200, json: listing(await this.#table.list(time)) };
  }

  async #post(path: string, request: ApiRequest): Promise<ApiAnswer> {
    let body: unknown;
    try {
      body = JSON.parse(await request.body());
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

  async #delete(path: string): Promise<ApiAnswer> {
    this.#metrics.apiRoute('delete');
    // Without a path there is nothing to delete; with `/` it is the root route.
    const removed = path !== '' && (await this.#table.remove(path));
    return { status: removed ? 204 : 404 };
  }
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
