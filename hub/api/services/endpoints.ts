/** What the endpoints of services say of themselves in the OpenAPI document. */
import { type Endpoint, empty, json, listOf, ref, refused } from '../../openapi/endpoint.js';

const SERVICE = ref('Service');
const TEXT = { type: 'string' };
const FLAG = { type: 'boolean' };

export const LIST_SERVICES: Endpoint = {
  id: 'get-services',
  summary: 'List services',
  answers: {
    200: json('the services that the scope shows, by name', {
      type: 'object',
      additionalProperties: SERVICE,
    }),
  },
};

export const READ_SERVICE: Endpoint = {
  id: 'get-service',
  summary: 'Read a service',
  answers: { 200: json('the service', SERVICE) },
};

export const CREATE_SERVICE: Endpoint = {
  id: 'post-service',
  summary: 'Create an external service',
  body: {
    required: true,
    schema: {
      type: 'object',
      minProperties: 1,
      properties: {
        admin: FLAG,
        url: TEXT,
        oauth_client_allowed_scopes: listOf(TEXT),
        api_token: TEXT,
        info: { type: 'object' },
        display: FLAG,
        oauth_no_confirm: FLAG,
        oauth_client_id: TEXT,
        oauth_redirect_uri: TEXT,
      },
    },
  },
  answers: { 201: json('the new service', SERVICE), 409: refused('the service exists') },
};

export const DELETE_SERVICE: Endpoint = {
  id: 'delete-service',
  summary: 'Remove a service that was made by this API',
  answers: { 200: empty('removed'), 405: refused('it is of the configuration') },
};
