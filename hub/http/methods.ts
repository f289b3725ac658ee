/**
 * Methods that a known path does not have are 405, as tornado answers them; OPTIONS on the API is 200 with an
 * empty body (contracts/hub.md section 0).
 */
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { httpError } from './errors.js';
import { PUBLIC } from './route-config.js';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Collects the routes registered after it; the returned function closes what they left open. */
export function trackMethods(app: FastifyInstance, apiPrefix: string): () => void {
  const known = new Map<string, Set<string>>();
  let tracking = true;
  app.addHook('onRoute', (route) => {
    if (!tracking) return;
    const methods = known.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method);
    known.set(route.url, methods);
  });
  return () => {
    tracking = false;
    for (const [url, methods] of known) {
      const open = METHODS.filter((method) => !methods.has(method));
      const isApi = url.startsWith(apiPrefix);
      const unsupported = isApi ? open.filter((method) => method !== 'OPTIONS') : open;
      if (isApi && open.includes('OPTIONS')) {
        app.options(url, { config: { access: PUBLIC, xsrf: 'exempt' } }, (_request, reply) => reply.send());
      }
      if (unsupported.length === 0) continue;
      app.route({
        method: unsupported as HTTPMethods[],
        url,
        config: { access: PUBLIC, xsrf: isApi ? 'api' : 'page' },
        handler: () => {
          throw httpError(405);
        },
      });
    }
  };
}
