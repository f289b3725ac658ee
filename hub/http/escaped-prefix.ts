/**
 * An application prefix with percent-escapes. The router decodes the paths that are asked for and takes routes as they
 * stand, so that a `%` of a route is found only where the request has it escaped once more. It is, for the router alone:
 * whoever is asked later sees the path as it was sent.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** For Fastify's option of that name; `undefined` where the prefix has no escapes. */
export function rewriteUrlBelow(baseUrl: string): ((request: IncomingMessage) => string) | undefined {
  if (!baseUrl.includes('%')) return undefined;
  const routed = baseUrl.replaceAll('%', '%25');
  // The prefix itself, without its last slash, is a path outside it.
  return ({ url = '/' }) => (url.startsWith(baseUrl) ? `${routed}${url.slice(baseUrl.length)}` : url);
}

/** Puts the path back before anybody reads it. */
export function restoreUrls(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    restoreUrl(request);
    done();
  });
}

/** The same for a request that meets no hook. */
export function restoreUrl(request: FastifyRequest): void {
  request.raw.url = request.originalUrl;
}
