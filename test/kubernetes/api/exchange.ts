import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account } from './access.js';
import { checkAccess, unauthorized } from './access.js';
import type { Faults } from './faults.js';
import type { Handlers } from './handlers.js';
import { matchOf } from './listing.js';
import { type ApiRequest, parseRequest, verbOf } from './request.js';
import { ApiFailure, badRequest } from './status.js';
import type { Store } from './store.js';
import type { Watches } from './watches.js';

const MAX_BODY = 3 * 1024 * 1024;

/** Gives a container's log; `undefined` when it has none. */
export type LogSource = (
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
  container: string,
  previous: boolean,
) => Promise<Buffer | undefined>;

export interface Parts {
  readonly store: Store;
  readonly handlers: Handlers;
  readonly watches: Watches;
  readonly faults: Faults;
  /** By bearer token. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** `undefined`: no node has the pod, so there is nothing (204). */
  readonly log: (request: ApiRequest) => Promise<Buffer | undefined>;
}

/** One request from its head to its answer. */
export async function exchange(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const fault = parts.faults.next(method, url);
  if (fault?.kind === 'silence') return;
  if (fault?.kind === 'cut' && fault.when === 'before') return void request.socket.resetAndDestroy();
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
  try {
    if (fault?.kind === 'answer') throw madeUp(fault.status, fault.retryAfter);
    const body = await readBody(request);
    const done = await respond(parts, request, response, body);
    if (done === undefined) return;
    if (fault?.kind === 'cut') return void request.socket.resetAndDestroy();
    write(response, done.status, done.body, done.headers);
  } catch (error) {
    const failure =
      error instanceof ApiFailure
        ? error
        : new ApiFailure(500, 'InternalError', `Internal error occurred: ${String(error)}`);
    write(response, failure.code, failure.status(), failure.headers);
  }
}

interface Answer {
  readonly status: number;
  readonly body: object | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `undefined`: a watch has taken the response over. */
async function respond(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Promise<Answer | undefined> {
  const { method = 'GET', url = '/' } = request;
  if (/^\/(?:healthz|livez|readyz)\b/.test(url)) return { status: 200, body: Buffer.from('ok') };
  const account = accountOf(parts, request);
  if (url.startsWith('/version'))
    return { status: 200, body: { major: '1', minor: '36', gitVersion: 'v1.36.2' } };
  const asked = parseRequest(method, url);
  if (!asked && !/^\/apis?\//.test(url)) return { status: 404, body: Buffer.from('404 page not found\n') };
  if (!asked) throw new ApiFailure(404, 'NotFound', 'the server could not find the requested resource', {});
  const verb = verbOf(asked);
  checkAccess(parts.store, account, { ...asked, verb });
  if (verb === 'watch') {
    const seconds = Number(asked.query.get('timeoutSeconds') ?? '0') || 1_800;
    parts.watches.serve(response, {
      kind: asked.kind,
      namespace: asked.namespace,
      match: matchOf(asked),
      resourceVersion: asked.query.get('resourceVersion') ?? '',
      timeoutSeconds: seconds,
      bookmarks: asked.query.get('allowWatchBookmarks') === 'true',
    });
    return undefined;
  }
  if (asked.subresource === 'log') {
    const log = await parts.log(asked);
    return log === undefined ? { status: 204, body: Buffer.alloc(0) } : { status: 200, body: log };
  }
  const writer = {
    manager: (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown',
    contentType: request.headers['content-type'] ?? '',
  };
  return parts.handlers.handle(asked, body, writer);
}

function accountOf(parts: Parts, request: IncomingMessage): Account {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const account = token === undefined ? undefined : parts.accounts.get(token);
  if (!account) throw unauthorized();
  return account;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY)
      throw new ApiFailure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY}`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${String(error)}`);
  }
}

function write(
  response: ServerResponse,
  status: number,
  body: object | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(`${JSON.stringify(body)}\n`);
  const type = Buffer.isBuffer(body) ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

/** A flow-controlled 429 carries no object; others are Status. */
function madeUp(status: number, retryAfter: number | undefined): ApiFailure {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  if (status === 429)
    return new ApiFailure(
      429,
      'TooManyRequests',
      'Too many requests, please try again later.',
      undefined,
      headers,
    );
  if (status === 410) return new ApiFailure(410, 'Expired', 'too old resource version');
  if (status === 503)
    return new ApiFailure(
      503,
      'ServiceUnavailable',
      'the server is currently unable to handle the request',
      undefined,
      headers,
    );
  return new ApiFailure(
    status,
    'InternalError',
    'Internal error occurred: etcdserver: request timed out',
    undefined,
    headers,
  );
}
