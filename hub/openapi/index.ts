/**
 * `GET /hub/api/openapi.json`: the REST API as it is, from the routes themselves. Collected while routes register, made
 * when first asked for. It tells of the program and nothing of the installation, so anybody may read it.
 */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { PUBLIC } from '../http/route-config.js';
import { type DescribedRoute, openApiDocument } from './document.js';
import { json } from './endpoint.js';

export { type Endpoint, empty } from './endpoint.js';

export interface OpenApiOptions {
  readonly hubPrefix: string;
  readonly apiPrefix: string;
}

/**
 * Registers the document and collects the routes that follow; the returned function ends that.
 * @throws Error at registration of a route of the API that does not describe itself
 */
export function registerOpenApi(app: FastifyInstance, { hubPrefix, apiPrefix }: OpenApiOptions): () => void {
  const routes: DescribedRoute[] = [];
  const root = apiPrefix.replace(/\/$/, '');
  let collecting = true;
  app.addHook('onRoute', (route) => {
    if (collecting && route.url.startsWith(root)) routes.push(...described(route, root));
  });
  let text: string | undefined;
  const endpoint = {
    id: 'get-openapi',
    summary: 'This document',
    answers: { 200: json('OpenAPI 3.1', { type: 'object' }) },
  };
  app.get(
    `${apiPrefix}openapi.json`,
    { config: { access: PUBLIC, xsrf: 'exempt', endpoint } },
    (_request, reply) => {
      text ??= JSON.stringify(openApiDocument(routes, hubPrefix));
      return reply.type('application/json').send(text);
    },
  );
  return () => {
    collecting = false;
  };
}

function described(route: RouteOptions, root: string): readonly DescribedRoute[] {
  const { endpoint, access } = route.config ?? {};
  if (endpoint === 'unlisted') return [];
  if (endpoint === undefined || access === undefined) {
    throw new Error(
      `route ${String(route.method)} ${route.url} does not describe itself for the OpenAPI document`,
    );
  }
  const path = route.url.slice(root.length) || '/';
  // The prefix is registered with and without its slash.
  if (route.url === root) return [];
  return [route.method].flat().map((method) => ({
    method: method.toLowerCase(),
    path,
    access,
    endpoint: method === 'HEAD' ? { ...endpoint, id: `head-${endpoint.id}` } : endpoint,
  }));
}
