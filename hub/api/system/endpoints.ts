/** What the endpoints of the hub itself say of themselves in the OpenAPI document. */
import { type Endpoint, json, ref, refused } from '../../openapi/endpoint.js';

const TEXT = { type: 'string' };
const CLASS = { type: 'object', properties: { class: TEXT, version: TEXT } };

export const VERSION: Endpoint = {
  id: 'get-api',
  summary: 'The version of JupyterHub that this API is',
  answers: { 200: json('version', { type: 'object', required: ['version'], properties: { version: TEXT } }) },
};

export const INFO: Endpoint = {
  id: 'get-info',
  summary: 'What the hub runs on',
  answers: {
    200: json('versions and classes', {
      type: 'object',
      properties: {
        version: TEXT,
        python: TEXT,
        sys_executable: TEXT,
        spawner: CLASS,
        authenticator: CLASS,
        anteroom: { ...TEXT, description: "Anteroom's own version" },
      },
    }),
  },
};

export const HEALTH: Endpoint = {
  id: 'get-health',
  summary: 'Whether the hub answers',
  answers: { 200: { description: 'it does', content: { 'text/html': { type: 'string', maxLength: 0 } } } },
};

export const SHUTDOWN: Endpoint = {
  id: 'post-shutdown',
  summary: 'Shut the hub down',
  body: {
    schema: {
      type: ['object', 'null'],
      properties: {
        proxy: { type: 'boolean', description: 'end the proxy too; absent: as configured' },
        servers: { type: 'boolean', description: 'end the servers too; absent: as configured' },
      },
    },
  },
  answers: { 202: json('it begins', { type: 'object', properties: { message: TEXT } }) },
};

const OWNER = { oneOf: [ref('User'), ref('Service')] };

export const WHOSE_TOKEN: Endpoint = {
  id: 'get-auth-token',
  summary: 'Whose a token is; deprecated, GET /user answers for the token that asks',
  answers: { 200: json('the owner', OWNER), 403: refused('no token asks'), 404: refused('no such token') },
};

export const WHOSE_COOKIE: Endpoint = {
  id: 'get-auth-cookie',
  summary: 'Whose a login cookie is; deprecated, use OAuth',
  answers: {
    200: json('the user', { oneOf: [ref('User'), { type: 'object', maxProperties: 0 }] }),
    403: refused('no token asks'),
    404: refused('no such cookie'),
  },
};

/** The cookie itself is the body: bytes, which no schema here says more about. */
export const WHOSE_COOKIE_IN_BODY: Endpoint = {
  ...WHOSE_COOKIE,
  id: 'get-auth-cookie-in-body',
  summary: 'Whose the login cookie in the body is; deprecated, use OAuth',
};

export const REMOVED_TOKENS: Endpoint = {
  id: 'post-auth-token',
  summary: 'Removed in JupyterHub 2.0: POST /users/{name}/tokens took its place',
  answers: { 404: refused('removed') },
};
