/**
 * The page of a refusal or failure: `STATUS.html` where there is one, else `error.html` (JupyterHub 6.1.1
 * handlers/base.py `write_error`). Should a site's template fail there too, a plain page stands in for it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault, messageOf } from '../../core/fault.js';
import { type PageContext, pageText } from './context.js';
import { retryUrl } from './retry.js';

interface ErrorPage {
  readonly status: number;
  readonly statusText: string;
  readonly message: string;
  readonly messageHtml: string | undefined;
  readonly requestId: string;
}

export function errorTemplate({ renderer }: PageContext, status: number): string {
  return renderer.has(`${status}.html`) ? `${status}.html` : 'error.html';
}

export function errorPageText(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  page: ErrorPage,
): string {
  try {
    return pageText(context, request, reply, errorTemplate(context, page.status), {
      status_code: page.status,
      status_message: page.statusText,
      message: page.message || undefined,
      ...(page.messageHtml !== undefined && { message_html: page.messageHtml }),
      request_id: page.requestId,
      retry_url: retryUrl(request, page.status),
    });
  } catch (error) {
    context.log.error('the error page could not be made', {
      requestId: page.requestId,
      status: page.status,
      detail: (error instanceof Fault ? error.detail : undefined) ?? messageOf(error),
    });
    return plainPage(page);
  }
}

/** Made of nothing that a site or visitor gave. */
function plainPage({ status, statusText, requestId }: ErrorPage): string {
  const title = `${status}: ${statusText}`;
  const id = requestId.replace(/[^\w.:-]/g, '');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>Request <code>${id}</code></p></body></html>
`;
}
