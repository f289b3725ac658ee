/** The models of the REST API as JSON Schema, under the names that JupyterHub 6.1.1's document gives them. */
import { listOf, ref, type Schema } from './endpoint.js';

const TEXT: Schema = { type: 'string' };
const FLAG: Schema = { type: 'boolean' };
const COUNT: Schema = { type: 'integer' };
const NAMES = listOf(TEXT);
const OBJECT: Schema = { type: 'object' };
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
const TIME: Schema = { type: 'string', format: 'date-time' };
const TIME_OR_NULL: Schema = { type: ['string', 'null'], format: 'date-time' };
const NAMED: Schema = { type: 'object', properties: { name: TEXT }, required: ['name'] };
const NAMED_OR_NULL: Schema = { ...NAMED, type: ['object', 'null'] };

/** Every key of a user beyond `kind` and `name` is there only for who may see it. */
const USER: Schema = {
  type: 'object',
  description: 'A user; keys beyond kind and name are shown to who may see them.',
  required: ['kind', 'name'],
  properties: {
    kind: { const: 'user' },
    name: TEXT,
    admin: FLAG,
    roles: NAMES,
    groups: NAMES,
    server: { ...TEXT_OR_NULL, description: 'path of the default server while it is ready' },
    pending: { enum: ['spawn', 'stop', 'check', 'rename', null] },
    created: TIME_OR_NULL,
    last_activity: TIME_OR_NULL,
    user_info: { type: ['object', 'null'] },
    auth_state: { type: ['object', 'null'], description: 'needs admin:auth_state, and one user asked for' },
    servers: { type: 'object', additionalProperties: ref('Server') },
  },
};

const SERVER: Schema = {
  type: 'object',
  required: ['name', 'display_name', 'full_name', 'pending', 'ready', 'stopped', 'url', 'progress_url'],
  properties: {
    name: { ...TEXT, description: 'empty for the default server' },
    display_name: TEXT_OR_NULL,
    full_name: TEXT,
    last_activity: TIME_OR_NULL,
    started: TIME_OR_NULL,
    pending: { enum: ['spawn', 'stop', 'check', 'rename', null] },
    ready: FLAG,
    stopped: FLAG,
    url: TEXT,
    full_url: TEXT_OR_NULL,
    user_options: OBJECT,
    progress_url: TEXT,
    full_progress_url: TEXT_OR_NULL,
    state: { ...OBJECT, description: 'needs admin:server_state' },
  },
};

const SERVICE: Schema = {
  type: 'object',
  required: ['kind', 'name'],
  properties: {
    kind: { const: 'service' },
    name: TEXT,
    admin: FLAG,
    roles: NAMES,
    url: TEXT_OR_NULL,
    prefix: TEXT_OR_NULL,
    command: NAMES,
    pid: COUNT,
    info: { type: ['object', 'null'] },
    display: { type: ['boolean', 'null'] },
  },
};

const IDENTITY_KEYS: Schema = {
  type: 'object',
  required: ['kind', 'name', 'scopes', 'token_id', 'session_id'],
  properties: {
    kind: { enum: ['user', 'service'] },
    name: TEXT,
    scopes: { ...NAMES, description: 'what this credential may do, expanded' },
    token_id: TEXT_OR_NULL,
    session_id: TEXT_OR_NULL,
  },
};

const SHARED_SERVER: Schema = {
  type: 'object',
  required: ['name', 'url', 'full_url', 'ready', 'user'],
  properties: { name: TEXT, url: TEXT, full_url: TEXT_OR_NULL, ready: FLAG, user: NAMED },
};

const SHARE_CODE_KEYS = {
  server: ref('SharedServer'),
  scopes: NAMES,
  id: TEXT,
  created_at: TIME,
  expires_at: TIME_OR_NULL,
  exchange_count: COUNT,
  last_exchanged_at: TIME_OR_NULL,
};

const TOKEN_KEYS = {
  user: TEXT,
  service: TEXT,
  id: TEXT,
  kind: { const: 'api_token' },
  roles: { ...NAMES, description: 'always empty since JupyterHub 3' },
  scopes: { ...NAMES, description: 'what the token may do now, expanded' },
  created: TIME,
  last_activity: TIME_OR_NULL,
  expires_at: TIME_OR_NULL,
  note: TEXT_OR_NULL,
  session_id: TEXT_OR_NULL,
  oauth_client: TEXT_OR_NULL,
};

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Error: {
    type: 'object',
    required: ['message'],
    properties: { status: COUNT, message: TEXT_OR_NULL },
  },
  OAuthError: {
    type: 'object',
    required: ['error'],
    properties: { error: TEXT, error_description: TEXT },
  },
  Pagination: {
    type: 'object',
    required: ['offset', 'limit', 'total', 'next'],
    properties: {
      offset: COUNT,
      limit: COUNT,
      total: COUNT,
      next: { type: ['object', 'null'], properties: { offset: COUNT, limit: COUNT, url: TEXT } },
    },
  },
  User: USER,
  Server: SERVER,
  ServerRequest: {
    type: ['object', 'null'],
    description:
      'With neither key the whole object is the options of the spawner; null or nothing takes those of the last time.',
    properties: { display_name: TEXT, user_options: { type: ['object', 'null'] } },
  },
  RequestIdentity: { allOf: [{ oneOf: [ref('User'), ref('Service')] }, IDENTITY_KEYS] },
  Group: {
    type: 'object',
    required: ['kind', 'name'],
    properties: { kind: { const: 'group' }, name: TEXT, users: NAMES, roles: NAMES, properties: OBJECT },
  },
  Service: SERVICE,
  SharedServer: SHARED_SERVER,
  Share: {
    type: 'object',
    required: ['server', 'scopes', 'user', 'group', 'kind', 'created_at'],
    properties: {
      server: ref('SharedServer'),
      scopes: NAMES,
      user: NAMED_OR_NULL,
      group: NAMED_OR_NULL,
      kind: { enum: ['user', 'group'] },
      created_at: TIME,
    },
  },
  ShareCode: { type: 'object', required: ['server', 'scopes', 'id'], properties: SHARE_CODE_KEYS },
  NewShareCode: {
    type: 'object',
    required: ['server', 'scopes', 'id', 'code', 'accept_url'],
    properties: { ...SHARE_CODE_KEYS, code: TEXT, accept_url: TEXT, full_accept_url: TEXT_OR_NULL },
  },
  Token: { type: 'object', required: ['id', 'kind', 'scopes'], properties: TOKEN_KEYS },
  NewToken: {
    type: 'object',
    required: ['id', 'kind', 'scopes', 'token'],
    properties: { ...TOKEN_KEYS, token: { ...TEXT, description: 'shown this once' } },
  },
  Route: {
    type: 'object',
    required: ['routespec', 'target', 'data'],
    properties: { routespec: TEXT, target: TEXT, data: OBJECT },
  },
};
