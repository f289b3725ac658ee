/** Headers that every answer of the hub carries (JupyterHub 6.1.1 handlers/base.py), and its ETags. */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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

/** Sets the default headers of one answer; for those that no hook reaches. */
export type SetHeaders = (request: FastifyRequest, reply: FastifyReply) => void;

export function installHeaders(app: FastifyInstance, options: HeaderOptions): SetHeaders {
  const setHeaders = defaultHeaders(options);
  // Asked for a protocol that is not here. Node 20's parser stops behind such a request, and what came in one piece with its
  // end, the next request of the connection, is lost: so there is none. Before Fastify, whose hooks do not see every request.
  app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
  });
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
    response.writeHead(417).end();
  });
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply);
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.statusCode === 204) reply.removeHeader('Content-Type');
    // Fastify adds a charset, which JSON does not have and JupyterHub does not send.
    else if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('Content-Type', 'application/json');
    }
    done(null, payload);
  });
  app.addHook<unknown>('onSend', (request, reply, payload, done) => {
    if (!['GET', 'HEAD'].includes(request.method) || reply.statusCode !== 200) return done(null, payload);
    if (typeof payload !== 'string' || reply.hasHeader('etag')) return done(null, payload);
    const etag = `"${hash('sha1', payload, 'hex')}"`;
    reply.header('Etag', etag);
    if (!matches(request.headers['if-none-match'], etag)) return done(null, payload);
    reply.code(304);
    reply.removeHeader('Content-Type');
    reply.removeHeader('Content-Length');
    return done(null, null);
  });
  return setHeaders;
}

function defaultHeaders(options: HeaderOptions): SetHeaders {
  const report = options.cspReportUri ?? `${options.hubPrefix}security/csp-report`;
  const frame = `frame-ancestors 'none'; report-uri ${report}`;
  // Our own pages need nothing but their own origin; JupyterHub's policy says less.
  const pagePolicy = `default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; ${frame}`;
  const apiPolicy = `${frame}; default-src 'none'`;
  const overrides = Object.entries(options.overrides);
  const roots = new Set([options.apiPrefix, options.apiPrefix.replace(/\/$/, '')]);
  return (request, reply) => {
    const json = answersJson(request, options.apiPrefix);
    reply.header(JUPYTERHUB_VERSION_HEADER, JUPYTERHUB_VERSION);
    reply.header('Access-Control-Allow-Headers', 'accept, content-type, authorization');
    reply.header('Content-Security-Policy', json ? apiPolicy : pagePolicy);
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Content-Type', json ? 'application/json' : 'text/html');
    // Any page may ask whether a hub is there.
    if (roots.has(request.url.split('?', 1)[0] ?? '')) reply.header('Access-Control-Allow-Origin', '*');
    for (const [name, value] of overrides) reply.header(name, value);
  };
}

/** RFC 9110 section 13.1.2, weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
