/** Makes the OpenAPI 3.1 document from what the routes say. Pure: routes in, document out. */
import type { JsonObject } from '../../core/model/json.js';
import { BUILTIN_SCOPES } from '../../core/scopes/builtin.js';
import { ANTEROOM_VERSION, JUPYTERHUB_VERSION } from '../../core/version.js';
import type { RouteAccess } from '../http/route-config.js';
import { type Endpoint, refused, type Schema } from './endpoint.js';
import { SCHEMAS } from './schemas.js';

export interface DescribedRoute {
  /** Lower case. */
  readonly method: string;
  /** Below the API's prefix, with Fastify's parameters: `/users/:user_name`. */
  readonly path: string;
  readonly access: RouteAccess;
  readonly endpoint: Endpoint;
}

export function openApiDocument(routes: readonly DescribedRoute[], hubPrefix: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes.filter(({ path }) => !isAlias(path))) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'JupyterHub REST API',
      description: `Served by Anteroom ${ANTEROOM_VERSION}, made from its routes.`,
      version: JUPYTERHUB_VERSION,
    },
    servers: [{ url: `${hubPrefix}api` }],
    security: [{ token: [] }, { oauth2: [] }],
    paths,
    components: { schemas: SCHEMAS, securitySchemes: securitySchemes(hubPrefix) },
  };
}

/** A server's empty name: the same endpoint, whose parameter no template of OpenAPI can leave empty. */
function isAlias(path: string): boolean {
  return path !== '/' && (path.endsWith('/') || path.includes('//'));
}

function operation({ path, access, endpoint }: DescribedRoute): JsonObject {
  const names = parameterNames(path);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(endpoint.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema })),
  ];
  const { body } = endpoint;
  return {
    operationId: endpoint.id,
    summary: endpoint.summary,
    tags: [path.split('/')[1] || 'hub'],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: body.required ?? false,
        content: { [body.type ?? 'application/json']: { schema: body.schema } },
      },
    }),
    responses: responses(endpoint, access, names.length > 0),
    security: security(access, endpoint.scopes),
  };
}

function responses(endpoint: Endpoint, access: RouteAccess, aboutSomething: boolean): JsonObject {
  const reads = endpoint.body !== undefined || endpoint.query !== undefined || aboutSomething;
  const answers: Record<string, Endpoint['answers'][number]> = {
    ...(reads && { 400: refused('not well-formed, or not possible') }),
    ...(access.kind !== 'public' && { 403: refused('nobody known asks, or nobody who may') }),
    ...(aboutSomething && { 404: refused('not there, or not for this credential to know') }),
    ...endpoint.answers,
    default: refused('any other refusal'),
  };
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content }]) => [
      status,
      { description, ...(content && { content: withSchemas(content) }) },
    ]),
  );
}

function withSchemas(content: Readonly<Record<string, Schema>>): JsonObject {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

/** Alternatives: any one scope is enough, by a token or by OAuth. */
function security(access: RouteAccess, ofHandler: readonly string[] = []): readonly JsonObject[] {
  const scopes = access.kind === 'scopes' ? access.anyOf : ofHandler;
  if (scopes.length > 0) return scopes.flatMap((scope) => [{ token: [scope] }, { oauth2: [scope] }]);
  return access.kind === 'public' ? [] : [{ token: [] }, { oauth2: [] }];
}

function securitySchemes(hubPrefix: string): JsonObject {
  const scopes = Object.fromEntries(
    Object.entries(BUILTIN_SCOPES).map(([name, { description }]) => [name, description]),
  );
  return {
    token: { type: 'http', scheme: 'bearer' },
    oauth2: {
      type: 'oauth2',
      flows: {
        authorizationCode: {
          authorizationUrl: `${hubPrefix}api/oauth2/authorize`,
          tokenUrl: `${hubPrefix}api/oauth2/token`,
          scopes,
        },
      },
    },
  };
}

function templated(path: string): string {
  const names = parameterNames(path)[Symbol.iterator]();
  return path.replace(/:\w+/g, () => `{${names.next().value}}`);
}

/** Parameters under the names of JupyterHub's document, so that a client made from one fits the other. */
function parameterNames(path: string): readonly string[] {
  const ofShares = /^\/share(?:s|-codes)\//.test(path);
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    if (name === 'user_name') return ofShares ? 'owner' : 'name';
    return RENAMED[name] ?? name;
  });
}

const RENAMED: Readonly<Record<string, string>> = {
  group_name: 'name',
  service_name: 'name',
  owner_name: 'owner',
  shared_server: 'server_name',
};
