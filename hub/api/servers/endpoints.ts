/** What the endpoints of servers say of themselves in the OpenAPI document. */
import { type Endpoint, empty, json, ref, refused } from '../../openapi/endpoint.js';

const SERVER = ref('Server');
const REQUEST = { schema: ref('ServerRequest') };

/** @param suffix of the operation's name: the default server has a path of its own */
export function serverEndpoints(suffix: '' | '-name') {
  const id = (method: string): string => `${method}-user-server${suffix}`;
  return {
    read: { id: id('get'), summary: 'Read a server', answers: { 200: json('the server', SERVER) } },
    create: {
      id: id('put'),
      summary: 'Create a server without starting it',
      body: REQUEST,
      answers: { 201: json('the new server', SERVER), 409: refused('the server exists') },
    },
    start: {
      id: id('post'),
      summary: 'Start a server',
      body: REQUEST,
      answers: {
        201: empty('it is ready'),
        202: empty('it is starting'),
        429: refused('too many are starting or running; Retry-After says when to ask again'),
      },
    },
    change: {
      id: id('patch'),
      summary: 'Change a stopped server',
      body: {
        required: true,
        schema: {
          type: 'object',
          minProperties: 1,
          additionalProperties: false,
          properties: {
            name: { type: ['string', 'null'] },
            display_name: { type: ['string', 'null'] },
            user_options: { type: 'object' },
          },
        },
      },
      answers: { 200: json('the server', SERVER), 409: refused('another server has that name') },
    },
    stop: {
      id: id('delete'),
      summary: 'Stop a server',
      body: {
        schema: {
          type: ['object', 'null'],
          properties: { remove: { type: 'boolean', description: 'a named server: forget it too' } },
        },
      },
      answers: { 202: empty('it is stopping'), 204: empty('it is stopped') },
    },
    progress: {
      id: id('progress-of'),
      summary: 'Events of a start',
      answers: {
        200: {
          description: 'server-sent events; data is JSON with progress, message, ready, failed, url',
          content: { 'text/event-stream': {} },
        },
      },
    },
  } as const satisfies Readonly<Record<string, Endpoint>>;
}
