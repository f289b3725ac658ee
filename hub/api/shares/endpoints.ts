/** What the endpoints of shares and share codes say of themselves in the OpenAPI document. */
import { type Endpoint, empty, json, listOf, PAGE_QUERY, pages, ref } from '../../openapi/endpoint.js';

const SHARES = listOf(ref('Share'));
const SCOPES = { type: ['array', 'null'], items: { type: 'string' } };
const GRANTEE = {
  required: true,
  schema: {
    type: 'object',
    additionalProperties: false,
    description: 'exactly one of user and group',
    properties: { user: { type: 'string' }, group: { type: 'string' }, scopes: SCOPES },
  },
};

export const SHARES_OF_OWNER: Endpoint = {
  id: 'get-shares-owner',
  summary: 'List what a user shares',
  query: PAGE_QUERY,
  answers: { 200: pages('shares', SHARES) },
};

export const SHARES_OF_SERVER: Endpoint = {
  id: 'get-shares-server',
  summary: 'List with whom a server is shared',
  query: PAGE_QUERY,
  answers: { 200: pages('shares', SHARES) },
};

export const GRANT_SHARE: Endpoint = {
  id: 'post-shares-server',
  summary:
    'Share a server; also needs every scope that is granted, and read:users:name or read:groups:name of whom it is with',
  body: GRANTEE,
  answers: { 200: json('the share', ref('Share')) },
};

export const REVOKE_SHARE: Endpoint = {
  id: 'patch-shares-server',
  summary: 'Take scopes, or all of them, out of a share',
  body: GRANTEE,
  answers: { 200: json('what is left', { oneOf: [ref('Share'), { type: 'object', maxProperties: 0 }] }) },
};

export const REVOKE_SHARES: Endpoint = {
  id: 'delete-shares-server',
  summary: 'Share a server with nobody any more',
  answers: { 204: empty('revoked') },
};

export const CODES_OF_OWNER: Endpoint = {
  id: 'get-share-codes-owner',
  summary: 'List the share codes of a user',
  query: PAGE_QUERY,
  answers: { 200: pages('share codes', listOf(ref('ShareCode'))) },
};

export const CODES_OF_SERVER: Endpoint = {
  id: 'get-share-codes-server',
  summary: 'List the share codes of a server',
  query: PAGE_QUERY,
  answers: { 200: pages('share codes', listOf(ref('ShareCode'))) },
};

export const CREATE_CODE: Endpoint = {
  id: 'post-share-code',
  summary: 'Make a share code; also needs every scope that it grants',
  body: {
    schema: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        scopes: SCOPES,
        expires_in: {
          type: 'integer',
          minimum: 60,
          maximum: 31_536_000,
          description: 'seconds; default one day',
        },
      },
    },
  },
  answers: { 200: json('the code', ref('NewShareCode')) },
};

export const REVOKE_CODES: Endpoint = {
  id: 'delete-share-code',
  summary: 'Revoke one share code, or all',
  query: {
    code: { type: 'string' },
    id: { type: 'string', description: 'sc_N; neither this nor code: all of the server' },
  },
  answers: { 204: empty('revoked') },
};

/** Of what others share with a user or group. */
export function sharedEndpoints(kind: 'user' | 'group') {
  return {
    list: {
      id: `get-${kind}-shared`,
      summary: `List the servers shared with a ${kind}`,
      query: PAGE_QUERY,
      answers: { 200: pages('shares', SHARES) },
    },
    read: {
      id: `get-${kind}-shared-server`,
      summary: `Read what a ${kind} may do with a shared server`,
      answers: { 200: json('the share', ref('Share')) },
    },
    leave: {
      id: `delete-${kind}-shared-server`,
      summary: `Give a ${kind}'s share back`,
      answers: { 204: empty('left') },
    },
  } as const satisfies Readonly<Record<string, Endpoint>>;
}
