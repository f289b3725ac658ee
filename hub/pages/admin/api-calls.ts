/**
 * Actions of the administrators' pages, as requests to the hub's own REST API in the name of the visitor's session. So
 * a button can do exactly what the API lets that person do: scopes, rules and life cycle are asked in one place, and
 * the log shows each action as a request of its own.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, type JsonValue } from '../../../core/model/json.js';
import { pyQuote } from '../../../core/model/names.js';
import { sessionOf } from '../../session/index.js';

export interface ApiAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Why not, in the API's words. */
  readonly message: string;
}

export type ApiMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Of the visitor's request: who they are and where they come from. */
const PASSED_ON = ['cookie', 'user-agent', 'x-forwarded-for', 'x-forwarded-proto', 'x-scheme', 'forwarded'];

export class ApiCalls {
  readonly #app: FastifyInstance;
  readonly #request: FastifyRequest;
  readonly #prefix: string;

  /** @param prefix of the API, e.g. `/hub/api/` */
  constructor(app: FastifyInstance, request: FastifyRequest, prefix: string) {
    this.#app = app;
    this.#request = request;
    this.#prefix = prefix;
  }

  /** @param path names below the prefix, e.g. `['users', 'alice', 'server']`; escaped here */
  async call(method: ApiMethod, path: readonly string[], body?: JsonValue): Promise<ApiAnswer> {
    // To a URL these are steps, however they are escaped.
    if (path.some((part) => part === '.' || part === '..')) {
      return { ok: false, status: 404, message: 'A URL cannot name this' };
    }
    const { headers, host, raw } = this.#request;
    const passed = PASSED_ON.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
    const answer = await this.#app.inject({
      method,
      url: `${this.#prefix}${path.map((part) => pyQuote(part, '')).join('/')}`,
      remoteAddress: raw.socket.remoteAddress ?? '',
      headers: {
        ...(Object.fromEntries(passed) as Record<string, string>),
        host,
        accept: 'application/json',
        'content-type': 'application/json',
        'x-xsrftoken': sessionOf(this.#request).xsrfToken(),
        'x-request-id': this.#request.id,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const { statusCode: status } = answer;
    return { ok: status < 400, status, message: status < 400 ? '' : messageIn(answer) };
  }
}

function messageIn(answer: { readonly body: string; readonly statusMessage: string }): string {
  try {
    const body = JSON.parse(answer.body) as JsonValue;
    const message = isJsonObject(body) ? body['message'] : undefined;
    if (typeof message === 'string' && message !== '') return message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return answer.statusMessage;
}
