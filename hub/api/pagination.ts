/**
 * Pages of lists (JupyterHub 6.1.1 apihandlers/base.py): bare lists up to the hard limit, or,
 * asked for by media type, an object with `items` and `_pagination`.
 */
import type { FastifyRequest } from 'fastify';
import type { JsonValue } from '../../core/model/json.js';
import { httpError } from '../http/errors.js';
import { queryArgument } from '../http/query.js';
import { sessionOf } from '../session/index.js';

const PAGINATION_MEDIA_TYPE = 'application/jupyterhub-pagination+json';

export interface PageLimits {
  /** `JupyterHub.api_page_default_limit` */
  readonly byDefault: number;
  /** `JupyterHub.api_page_max_limit` */
  readonly max: number;
}

export interface PageRequest {
  readonly offset: number;
  readonly limit: number;
  /** The client sent the pagination media type. */
  readonly wrapped: boolean;
}

/** @throws Fault 400 when offset or limit is no integer */
export function pageRequest(request: FastifyRequest, limits: PageLimits): PageRequest {
  const wrapped = (request.headers.accept ?? '')
    .split(',')
    .some((each) => each.trim().toLowerCase() === PAGINATION_MEDIA_TYPE);
  const fallback = wrapped ? Math.min(limits.byDefault, limits.max) : limits.max;
  const offset = integerOf(queryArgument(request.query, 'offset')) ?? 0;
  const limit = integerOf(queryArgument(request.query, 'limit')) ?? fallback;
  return {
    offset,
    limit: Math.max(1, Math.min(limit, limits.max)),
    wrapped,
  };
}

/** Wraps when asked to; `always` for the share lists, which are wrapped whatever the client accepts. */
export function paged(
  request: FastifyRequest,
  page: PageRequest,
  total: number,
  items: JsonValue,
  always = false,
): JsonValue {
  if (!page.wrapped && !always) return items;
  const nextOffset = page.offset + page.limit;
  const next =
    nextOffset < total
      ? { offset: nextOffset, limit: page.limit, url: nextUrl(request, nextOffset, page.limit) }
      : null;
  return { items, _pagination: { offset: page.offset, limit: page.limit, total, next } };
}

function nextUrl(request: FastifyRequest, offset: number, limit: number): string {
  const url = new URL(request.url, `${sessionOf(request).request.protocol}://${request.host}`);
  url.searchParams.set('offset', String(offset));
  url.searchParams.set('limit', String(limit));
  return url.href;
}

function integerOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,400}$/.test(text)) {
    throw httpError(400, 'Invalid argument type, offset and limit must be integers');
  }
  return Math.min(Math.abs(Number(text)), Number.MAX_SAFE_INTEGER);
}
