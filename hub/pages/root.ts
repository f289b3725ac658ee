/** Ways in: `/`, `/hub/`, everything outside the hub's prefix, error pages for the proxy, CSP reports. */
import { STATUS_CODES } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { locationText, withQuery } from '../../core/wire/next-url.js';
import { PUBLIC, SIGNED_IN } from '../http/route-config.js';
import { type PageContext, page } from './context.js';
import { errorTemplate } from './error-page.js';

export interface RootOptions {
  /** `JupyterHub.default_url`; a function gets the request. */
  readonly defaultUrl: string | ((handler: unknown) => unknown);
}

/** Bytes; a report is a few lines. */
const REPORT_LIMIT = 16 * 1024;

export function registerRoot(app: FastifyInstance, context: PageContext, options: RootOptions): void {
  const { urls } = context;
  const config = { access: PUBLIC } as const;

  app.get(urls.hubPrefix.replace(/\/$/, ''), { config }, (request, reply) => {
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    return reply.redirect(`${urls.hubPrefix}${query}`, 301);
  });

  app.get(urls.hubPrefix, { config }, async (request, reply) => {
    const { defaultUrl } = options;
    const configured = typeof defaultUrl === 'function' ? await defaultUrl(request) : defaultUrl;
    if (typeof configured === 'string' && configured !== '') return reply.redirect(configured, 302);
    const target =
      request.principal.kind === 'user'
        ? await context.sessions.nextUrl(request, request.principal.user)
        : withQuery(urls.loginUrl, [['next', request.url]]);
    return reply.redirect(target, 302);
  });

  app.get<{ Params: { status: string } }>(
    `${urls.hubPrefix}error/:status(^\\d+$)`,
    { config },
    (request, reply) => {
      const status = Number(request.params.status.slice(0, 3));
      // The proxy keeps its own status and takes only the body: this answer is 200.
      return page(context, request, reply, errorTemplate(context, status), {
        status_code: status,
        status_message: STATUS_CODES[status] ?? 'Unknown HTTP Error',
        message:
          status === 503 ? 'Your server appears to be down. Start it again from your home page.' : undefined,
        logo_url: `${urls.hubPrefix}home`,
      });
    },
  );

  app.post(
    `${urls.hubPrefix}security/csp-report`,
    { config: { access: SIGNED_IN }, bodyLimit: REPORT_LIMIT },
    (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
      context.log.warn('content security violation', { report: body });
      return reply.send('');
    },
  );
}

/**
 * Sends what lies outside the hub's prefix inside it: `/foo?q` to `/hub/foo?q` (PrefixRedirectHandler). The place of
 * a server or service is only told to end with a slash (AddSlashHandler).
 */
export function prefixRedirect(
  context: PageContext,
  url: string,
): { readonly location: string; readonly status: 301 | 302 } {
  const { baseUrl, hubPrefix, hubOrigin } = context.urls;
  const [path = '/', ...query] = url.split('?');
  if (path.startsWith(baseUrl) && /^(?:user|services)\/[^/]+$/.test(path.slice(baseUrl.length))) {
    return { location: [locationText(`${path}/`), ...query].join('?'), status: 301 };
  }
  const inside = `${path}/`.startsWith(baseUrl);
  const below = inside ? path.slice(baseUrl.length) : path;
  const tail = below.replace(/^\/+/, '');
  // As in JupyterHub, what was asked of another application's path is not asked of ours.
  const search = inside && query.length > 0 ? `?${query.join('?')}` : '';
  const target = `${hubPrefix}${locationText(tail)}${search === '' ? '' : locationText(search)}`;
  return { location: `${hubOrigin}${target}`, status: 302 };
}
