/** What the endpoints of tokens say of themselves in the OpenAPI document. */
import { type Endpoint, empty, json, listOf, ref } from '../../openapi/endpoint.js';

const NAMES = { type: ['array', 'null'], items: { type: 'string' } };

export const LIST_TOKENS: Endpoint = {
  id: 'get-user-tokens',
  summary: 'List the tokens of a user',
  answers: {
    200: json('the tokens, the least recently used first', {
      type: 'object',
      required: ['api_tokens'],
      properties: { api_tokens: listOf(ref('Token')) },
    }),
  },
};

export const CREATE_TOKEN: Endpoint = {
  id: 'post-user-tokens',
  summary: 'Create a token',
  scopes: ['tokens'],
  body: {
    schema: {
      type: ['object', 'null'],
      properties: {
        note: { type: ['string', 'null'] },
        expires_in: { type: ['integer', 'null'], minimum: 1, description: 'seconds; null: never' },
        roles: NAMES,
        scopes: NAMES,
        auth: { type: 'object', description: 'what the login form asks for, where no credential is sent' },
      },
    },
  },
  answers: {
    201: json('the token', ref('NewToken')),
    403: json('nobody known asks, or nobody who may, or no such user', ref('Error')),
  },
};

export const READ_TOKEN: Endpoint = {
  id: 'get-user-token',
  summary: 'Read a token',
  answers: { 200: json('the token', ref('Token')) },
};

export const DELETE_TOKEN: Endpoint = {
  id: 'delete-user-token',
  summary: 'Revoke a token; of an OAuth token all that its client has of the user',
  answers: { 204: empty('revoked') },
};
