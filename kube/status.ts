import { isJsonObject, type JsonObject } from '../core/model/json.js';
import { KubeError, type Processed, type StatusCause } from './error.js';
import type { Reply } from './transport.js';

/** Words for answers that are no `Status`, e.g. of the flow control (429, text/plain) or of a load balancer. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
const MAX_WORDS = 1_000;
const MAX_CAUSES = 50;

/** The error that an answer of 300 or more stands for. @param what the request in words */
export function errorOf(reply: Reply, what: string): KubeError {
  return statusError(parsed(reply.text), reply, what);
}

/** A `Status` that came inside a watch, where HTTP said 200. */
export function watchError(object: unknown, what: string): KubeError {
  const status = isJsonObject(object) ? object : {};
  const code = typeof status['code'] === 'number' ? status['code'] : 500;
  return statusError(status, { status: code, retryAfter: undefined, text: '' }, what);
}

function statusError(status: JsonObject | undefined, reply: Reply, what: string): KubeError {
  const ours = status?.['kind'] === 'Status' ? status : undefined;
  const details = isJsonObject(ours?.['details']) ? ours['details'] : {};
  const words = text(ours?.['message']) ?? (reply.text.trim() || 'no reason given');
  const retryAfterSeconds = seconds(reply.retryAfter) ?? seconds(details['retryAfterSeconds']);
  return new KubeError({
    status: reply.status,
    reason: text(ours?.['reason']) ?? REASONS[reply.status] ?? 'Unknown',
    message: `${what}: ${words.slice(0, MAX_WORDS)} (${reply.status})`,
    causes: causesOf(details['causes']),
    processed: processedBy(reply.status),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** A refusal changes nothing; an answer of 5xx may come from a server that had begun. */
function processedBy(status: number): Processed {
  if (status >= 500) return 'unknown';
  return status >= 400 ? 'no' : 'yes';
}

function causesOf(value: unknown): StatusCause[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter(isJsonObject)
    .slice(0, MAX_CAUSES)
    .map((cause) => ({
      ...part('reason', cause['reason']),
      ...part('message', cause['message']),
      ...part('field', cause['field']),
    }));
}

function part<K extends string>(key: K, value: unknown): { readonly [key in K]?: string } {
  const said = text(value);
  return (said === undefined ? {} : { [key]: said }) as { readonly [key in K]?: string };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_WORDS) : undefined;
}

/** Seconds of `Retry-After`; a date, which the API never sends, counts as absent. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function parsed(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
