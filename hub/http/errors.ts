/**
 * Errors as JupyterHub answers them: `{"status", "message"}` on the API, the error page elsewhere
 * (contracts: JupyterHub 6.1.1 apihandlers/base.py `write_error`, handlers/base.py `write_error`).
 */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { scrubUrl } from '../../core/wire/scrub.js';
import { isUnread } from './unread.js';

/**
 * A refusal with a status. Without a message the API says `"message": null`, as every bare HTTPError of
 * JupyterHub does.
 */
export function httpError(
  status: number,
  message = '',
  headers: Readonly<Record<string, string>> = {},
): Fault {
  return new Fault(`HTTP_${status}`, message, { status, headers });
}

interface ErrorPage {
  readonly status: number;
  readonly statusText: string;
  readonly message: string;
  /** In place of the message. */
  readonly messageHtml: string | undefined;
  readonly requestId: string;
}

export interface ErrorHandlingOptions {
  readonly log: Log;
  /** Paths below it are answered in JSON. */
  readonly apiPrefix: string;
  renderErrorPage(request: FastifyRequest, reply: FastifyReply, page: ErrorPage): Promise<string>;
}

export function installErrorHandling(app: FastifyInstance, options: ErrorHandlingOptions): void {
  app.setErrorHandler(async (error: FastifyError | Fault | Error, request, reply) => {
    const fault = asFault(error);
    logError(options.log, fault, error, request);
    return answerError(fault, request, reply, options);
  });
}

/** Writes the answer for a fault; also used by the catch-all routes. */
export async function answerError(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ErrorHandlingOptions,
): Promise<FastifyReply> {
  reply.code(fault.status);
  for (const [name, value] of Object.entries(fault.headers)) reply.header(name, value);
  // The connection would be cut, by Fastify or our proxy, and whoever still sends sees a reset instead of this answer.
  // So what still comes is read away first, within bounds.
  if (fault.status === 413 || fault.code === 'BODIES_FULL' || isUnread(request)) await drained(request);
  if (answersJson(request, options.apiPrefix)) {
    const message = fault.message === '' ? null : fault.message;
    // Bytes, because Fastify adds a charset to JSON text.
    return reply
      .type('application/json')
      .send(Buffer.from(JSON.stringify({ status: fault.status, message })));
  }
  const page = await options.renderErrorPage(request, reply, {
    status: fault.status,
    statusText: STATUS_CODES[fault.status] ?? 'Unknown',
    message: fault.message,
    messageHtml: fault.messageHtml,
    requestId: request.id,
  });
  return reply.type('text/html').send(page);
}

/** ms without a byte after which a sender is taken to wait for the answer, and in all. */
const DRAIN_SILENCE = 500;
const DRAIN_LIMIT = 10_000;

/** Reads the rest of a body away, while it comes. */
function drained({ raw }: FastifyRequest): Promise<void> {
  return new Promise((resolve) => {
    if (raw.complete || raw.destroyed) return resolve();
    const limit = setTimeout(resolve, DRAIN_LIMIT);
    const silence = setTimeout(resolve, DRAIN_SILENCE);
    const end = (): void => {
      clearTimeout(limit);
      clearTimeout(silence);
      resolve();
    };
    raw.on('data', () => silence.refresh());
    raw.once('end', end);
    raw.once('close', end);
  });
}

/** Whether the request belongs to the API: by its route where there is one, else by its path. */
export function answersJson(request: FastifyRequest, apiPrefix: string): boolean {
  const kind = request.routeOptions.config.answers;
  if (kind !== undefined) return kind === 'json';
  return request.url.startsWith(apiPrefix);
}

/** Framework errors keep their 4xx; everything unknown is a 500 whose cause stays in the log. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const status = statusOf(error);
  if (status === 413) return httpError(413, 'Request body is too large');
  if (status >= 400 && status < 500) return httpError(status, messageOf(error));
  return new Fault('INTERNAL', 'Internal Server Error', { status: 500, cause: error });
}

function statusOf(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'statusCode' in error) {
    return typeof error.statusCode === 'number' ? error.statusCode : 500;
  }
  return 500;
}

function logError(log: Log, fault: Fault, original: unknown, request: FastifyRequest): void {
  if (fault.status < 500) return;
  log.error('request failed', {
    code: fault.code,
    method: request.method,
    path: scrubUrl(request.url.split('?', 1)[0] ?? ''),
    requestId: request.id,
    detail: fault.detail ?? messageOf(original),
    stack: original instanceof Error ? original.stack : undefined,
  });
}
