/** Headers that every answer of the hub carries (contracts/hub.md section 0), and its ETags. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { JUPYTERHUB_VERSION, JUPYTERHUB_VERSION_HEADER } from '../../core/version.js';
import { answersJson } from './errors.js';

export interface HeaderOptions {
  readonly apiPrefix: string;
  readonly hubPrefix: string;
  /** `tornado_settings.headers`: override by name, case-insensitive. */
  readonly overrides: Readonly<Record<string, string>>;
  /** `tornado_settings.csp_report_uri` */
  readonly cspReportUri?: string | undefined;
}

export function installHeaders(app: FastifyInstance, options: HeaderOptions): void {
  const report = options.cspReportUri ?? `${options.hubPrefix}security/csp-report`;
  const frame = `frame-ancestors 'none'; report-uri ${report}`;
  // Our own pages need nothing but their own origin; JupyterHub's policy says less.
  const pagePolicy = `default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; ${frame}`;
  const apiPolicy = `${frame}; default-src 'none'`;
  const overrides = Object.entries(options.overrides);

  app.addHook('onRequest', async (request, reply) => {
    const json = answersJson(request, options.apiPrefix);
    reply.header(JUPYTERHUB_VERSION_HEADER, JUPYTERHUB_VERSION);
    reply.header('Access-Control-Allow-Headers', 'accept, content-type, authorization');
    reply.header('Content-Security-Policy', json ? apiPolicy : pagePolicy);
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Content-Type', json ? 'application/json' : 'text/html');
    for (const [name, value] of overrides) reply.header(name, value);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200) return payload;
    if (typeof payload !== 'string' || reply.hasHeader('etag')) return payload;
    const etag = `"${createHash('sha1').update(payload).digest('hex')}"`;
    reply.header('Etag', etag);
    if (!matches(request.headers['if-none-match'], etag)) return payload;
    reply.code(304);
    reply.removeHeader('Content-Type');
    reply.removeHeader('Content-Length');
    return null;
  });
}

/** RFC 9110 section 13.1.2, weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
