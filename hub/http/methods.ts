/**
 * Methods that a known path does not have are 405, as tornado answers them; OPTIONS on the API is 200 with an
 * empty body (JupyterHub 6.1.1 apihandlers/base.py).
 */
import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify';
import { httpError } from './errors.js';
import { PUBLIC } from './route-config.js';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

interface Known {
  readonly methods: Set<string>;
  /** Answers as JSON: by what its routes say, else by its path. */
  readonly isApi: boolean;
  readonly exempt: boolean;
  /** As of the session's plug-in: whether a token counts as it does for the methods that there are. */
  readonly tokens: boolean | undefined;
}

/** Collects the routes registered after it; the returned function closes what they left open. */
export function trackMethods(app: FastifyInstance, apiPrefix: string): () => void {
  const known = new Map<string, Known>();
  let tracking = true;
  app.addHook('onRoute', (route) => {
    if (!tracking) return;
    const entry = known.get(route.url) ?? { methods: new Set<string>(), ...kindOf(route, apiPrefix) };
    for (const method of [route.method].flat()) entry.methods.add(method);
    known.set(route.url, entry);
  });
  return () => {
    tracking = false;
    for (const [url, entry] of known) close(app, url, entry);
  };
}

function kindOf(route: RouteOptions, apiPrefix: string): Omit<Known, 'methods'> {
  const { answers, xsrf, tokens } = route.config ?? {};
  const isApi = answers === undefined ? route.url.startsWith(apiPrefix) : answers === 'json';
  return { isApi, exempt: xsrf === 'exempt' && isApi, tokens };
}

function close(app: FastifyInstance, url: string, { methods, isApi, exempt, tokens }: Known): void {
  const open = METHODS.filter((method) => !methods.has(method));
  const answers = isApi ? 'json' : 'html';
  if (isApi && open.includes('OPTIONS')) {
    app.options(url, { config: { access: PUBLIC, xsrf: 'exempt', answers } }, (_request, reply) =>
      reply.send(),
    );
  }
  const refuse = (method: readonly HTTPMethods[], xsrf: 'api' | 'page' | 'exempt'): void => {
    app.route({
      method: [...method],
      url,
      config: { access: PUBLIC, xsrf, answers, ...(tokens !== undefined && { tokens }) },
      handler: () => {
        throw httpError(405);
      },
    });
  };
  // Tornado knows no TRACE at all; what it knows is checked before it is refused.
  refuse(['TRACE'], 'exempt');
  const unsupported = isApi ? open.filter((method) => method !== 'OPTIONS') : open;
  if (unsupported.length > 0) refuse(unsupported, exempt ? 'exempt' : isApi ? 'api' : 'page');
}
