/** What the endpoints of the proxy say of themselves in the OpenAPI document. */
import { type Endpoint, empty, listed, PAGE_QUERY, ref, refused } from '../../openapi/endpoint.js';

const UNREACHED = refused('the proxy does not answer');

export const READ_PROXY: Endpoint = {
  id: 'get-proxy',
  summary: 'Read the routes of the proxy',
  query: PAGE_QUERY,
  answers: {
    200: listed('routes by routespec', { type: 'object', additionalProperties: ref('Route') }),
    502: UNREACHED,
  },
};

export const SYNC_PROXY: Endpoint = {
  id: 'post-proxy',
  summary: 'Make the routes what the hub knows',
  answers: { 200: empty('done'), 502: UNREACHED },
};

export const MOVE_PROXY: Endpoint = {
  id: 'patch-proxy',
  summary: 'Tell the hub where its proxy is now',
  body: {
    required: true,
    schema: { type: 'object', properties: { api_url: { type: 'string' }, auth_token: { type: 'string' } } },
  },
  answers: { 200: empty('done'), 502: UNREACHED },
};
