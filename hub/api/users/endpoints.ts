/** What the endpoints of users say of themselves in the OpenAPI document. */
import {
  type Endpoint,
  empty,
  json,
  listed,
  listOf,
  PAGE_QUERY,
  ref,
  refused,
} from '../../openapi/endpoint.js';

const USER = ref('User');
const STOPPED = {
  include_stopped_servers: {
    type: 'string',
    description: 'any value but false, no, 0 and none: stopped servers too',
  },
};
const USER_BODY = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    admin: { type: 'boolean' },
    groups: { type: 'array', maxItems: 0, description: 'clears' },
    roles: { type: 'array', maxItems: 0, description: 'clears' },
    auth_state: { type: 'object' },
  },
};
const ADMIN_BODY = { type: ['object', 'null'], properties: { admin: { type: 'boolean' } } };
const ACTIVITY = { type: 'string', format: 'date-time' };

export const SELF: Endpoint = {
  id: 'get-current-user',
  summary: 'Who am I',
  answers: {
    200: json('the owner of the credential', ref('RequestIdentity')),
    403: refused('nobody known asks'),
  },
};

export const LIST_USERS: Endpoint = {
  id: 'get-users',
  summary: 'List users',
  query: {
    state: { enum: ['active', 'ready', 'inactive'], description: 'by what their servers do' },
    name_filter: { type: 'string', description: 'a part of the name' },
    sort: { enum: ['id', '-id', 'name', '-name', 'last_activity', '-last_activity'] },
    ...STOPPED,
    ...PAGE_QUERY,
  },
  answers: { 200: listed('the users that the scope shows', listOf(USER)) },
};

export const CREATE_USERS: Endpoint = {
  id: 'post-users',
  summary: 'Create users',
  body: {
    required: true,
    schema: {
      type: 'object',
      required: ['usernames'],
      properties: { usernames: listOf({ type: 'string' }), admin: { type: 'boolean' } },
    },
  },
  answers: { 201: json('the new users', listOf(USER)), 409: refused('all of them exist') },
};

export const READ_USER: Endpoint = {
  id: 'get-user',
  summary: 'Read a user',
  query: STOPPED,
  answers: { 200: json('the user', USER) },
};

export const CREATE_USER: Endpoint = {
  id: 'post-user',
  summary: 'Create a user',
  body: { schema: ADMIN_BODY },
  answers: { 201: json('the new user', USER), 409: refused('the user exists') },
};

export const CHANGE_USER: Endpoint = {
  id: 'patch-user',
  summary: 'Change a user',
  body: { required: true, schema: USER_BODY },
  answers: { 200: json('the user, with auth_state', USER) },
};

export const DELETE_USER: Endpoint = {
  id: 'delete-user',
  summary: 'Delete a user',
  answers: { 204: empty('deleted') },
};

export const ACTIVITY_OF_USER: Endpoint = {
  id: 'post-user-activity',
  summary: 'Tell when a user and their servers were last active',
  body: {
    required: true,
    schema: {
      type: 'object',
      properties: {
        last_activity: ACTIVITY,
        servers: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { last_activity: ACTIVITY } },
        },
      },
    },
  },
  answers: { 200: empty('noted; what is older than what is known changes nothing') },
};

export const ADMIN_ACCESS: Endpoint = {
  id: 'post-user-admin-access',
  summary: 'Does nothing since JupyterHub 0.8; kept for scripts that ask',
  answers: { 200: empty('nothing was done') },
};
