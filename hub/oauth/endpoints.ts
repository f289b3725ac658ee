/** What the endpoints of the provider say of themselves in the OpenAPI document. */
import { type Endpoint, empty, json, ref } from '../openapi/endpoint.js';

const TEXT = { type: 'string' };

export const AUTHORIZE: Endpoint = {
  id: 'get-oauth-authorize',
  summary: 'OAuth 2.0 authorisation, for browsers',
  query: {
    client_id: TEXT,
    response_type: { const: 'code' },
    state: TEXT,
    redirect_uri: TEXT,
    scope: TEXT,
    code_challenge: TEXT,
    code_challenge_method: { enum: ['S256', 'plain'] },
  },
  answers: {
    200: { description: 'a page that asks for consent', content: { 'text/html': TEXT } },
    302: empty('back to the client with code or error, or to sign in'),
    400: { description: 'a client or address that is not known', content: { 'text/html': TEXT } },
    403: { description: 'no access to what the client serves', content: { 'text/html': TEXT } },
  },
};

export const CONFIRM: Endpoint = {
  ...AUTHORIZE,
  id: 'post-oauth-authorize',
  summary: 'OAuth 2.0 consent, for browsers',
  body: {
    type: 'application/x-www-form-urlencoded',
    schema: { type: 'object', properties: { scopes: { type: 'array', items: TEXT }, _xsrf: TEXT } },
  },
};

export const OAUTH_TOKEN: Endpoint = {
  id: 'post-oauth-token',
  summary: 'Exchange an OAuth 2.0 code for a token',
  body: {
    required: true,
    type: 'application/x-www-form-urlencoded',
    schema: {
      type: 'object',
      required: ['client_id', 'grant_type', 'code'],
      properties: {
        client_id: TEXT,
        client_secret: TEXT,
        grant_type: { const: 'authorization_code' },
        code: TEXT,
        redirect_uri: TEXT,
        code_verifier: TEXT,
      },
    },
  },
  answers: {
    200: json('the token', {
      type: 'object',
      required: ['access_token', 'token_type'],
      properties: {
        access_token: TEXT,
        token_type: { const: 'Bearer' },
        expires_in: { type: 'integer' },
        scope: TEXT,
      },
    }),
    400: json('no such code, or a bad request', ref('OAuthError')),
    401: json('the client does not prove itself', ref('OAuthError')),
  },
};

export const REVOCATIONS: Endpoint = {
  id: 'get-anteroom-revocations',
  summary: "Which credentials a server must stop trusting; waits for news. A server's own token only",
  query: { since: { type: 'string', pattern: '^\\d{1,15}$' } },
  answers: { 200: json('a cursor and what was revoked', { type: 'object' }) },
};
