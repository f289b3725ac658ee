/** The endpoints of the scope matrix, each with the scopes that are tried on it. */
import type { Line } from '../conversations/speaker.js';

export interface MatrixEndpoint {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Tried with every filter; those that open it, some above or below them, and strangers. */
  readonly scopes: readonly string[];
  /** Whom it is about, where that is not alice, g1 and svc. */
  readonly about?: { readonly user?: string; readonly group?: string; readonly service?: string };
  /** Put back what a passing call has changed; asked by root after every call. */
  readonly restore?: readonly Line[];
}

const PAGED = { Accept: 'application/jupyterhub-pagination+json' };
const API = '/hub/api';
const OLD = { last_activity: '2020-01-01T00:00:00Z' };

const asRoot = (method: string, path: string, json?: unknown): Line => ({
  as: 'root',
  method,
  path: `${API}${path}`,
  ...(json !== undefined && { json }),
  quiet: true,
});

const READ_USER = [
  'read:users',
  'read:users:name',
  'read:users:groups',
  'read:users:activity',
  'read:servers',
  'read:roles:users',
  'users',
  'admin:users',
  'admin:servers',
  'admin:auth_state',
  'admin:server_state',
  'list:users',
  'servers',
  'self',
];
const LISTS = ['list:users', 'users', 'admin:users', 'read:users', 'read:servers'];
const GROUPS = [
  'read:groups',
  'read:groups:name',
  'read:roles:groups',
  'groups',
  'admin:groups',
  'list:groups',
];
const SHARES = ['read:shares', 'shares', 'servers'];

const USERS: readonly MatrixEndpoint[] = [
  {
    method: 'GET',
    path: '/user',
    scopes: ['read:users', 'read:servers', 'access:servers', 'self', 'inherit'],
  },
  { method: 'GET', path: '/users', scopes: LISTS },
  {
    method: 'GET',
    path: '/users?state=inactive&include_stopped_servers=1',
    scopes: ['list:users', 'admin:servers'],
  },
  { method: 'GET', path: '/users?limit=2&sort=-name', headers: PAGED, scopes: ['list:users', 'read:users'] },
  { method: 'GET', path: '/users?name_filter=li', scopes: ['list:users'] },
  { method: 'GET', path: '/users/alice?include_stopped_servers=1', scopes: READ_USER },
  { method: 'GET', path: '/users/owner', about: { user: 'owner' }, scopes: READ_USER },
  { method: 'GET', path: '/users/nobody', about: { user: 'nobody' }, scopes: ['read:users', 'read:servers'] },
  {
    method: 'POST',
    path: '/users',
    json: { usernames: ['fresh'] },
    scopes: ['admin:users', 'users', 'list:users'],
    restore: [asRoot('DELETE', '/users/fresh')],
  },
  {
    method: 'POST',
    path: '/users',
    json: { usernames: ['fresh'], admin: true },
    scopes: ['admin:users'],
    restore: [asRoot('DELETE', '/users/fresh')],
  },
  {
    method: 'POST',
    path: '/users/fresh',
    about: { user: 'fresh' },
    scopes: ['admin:users', 'users'],
    restore: [asRoot('DELETE', '/users/fresh')],
  },
  {
    method: 'PATCH',
    path: '/users/victim',
    json: { name: 'renamed' },
    about: { user: 'victim' },
    scopes: ['admin:users', 'users'],
    restore: [asRoot('PATCH', '/users/renamed', { name: 'victim' })],
  },
  {
    method: 'PATCH',
    path: '/users/victim',
    json: { admin: true },
    about: { user: 'victim' },
    scopes: ['admin:users'],
    restore: [asRoot('PATCH', '/users/victim', { admin: false })],
  },
  {
    method: 'PATCH',
    path: '/users/root',
    json: { admin: true },
    about: { user: 'root' },
    scopes: ['admin:users'],
  },
  {
    method: 'DELETE',
    path: '/users/victim',
    about: { user: 'victim' },
    scopes: ['delete:users', 'admin:users', 'users'],
    restore: [asRoot('POST', '/users/victim'), asRoot('POST', '/groups/g1/users', { users: ['victim'] })],
  },
  {
    method: 'POST',
    path: '/users/alice/activity',
    json: OLD,
    scopes: ['users:activity', 'users', 'read:users:activity'],
  },
  {
    method: 'POST',
    path: '/users/alice/admin-access',
    scopes: ['servers', 'admin:servers', 'access:servers'],
  },
];

const SERVERS: readonly MatrixEndpoint[] = [
  { method: 'GET', path: '/users/alice/server', scopes: ['read:servers', 'servers', 'access:servers'] },
  {
    method: 'GET',
    path: '/users/alice/servers/gpu',
    scopes: ['read:servers', 'servers', 'admin:servers', 'start:servers', 'access:servers'],
  },
  { method: 'GET', path: '/users/alice/servers/none', scopes: ['read:servers'] },
  { method: 'GET', path: '/users/alice/servers/gpu/progress', scopes: ['read:servers', 'start:servers'] },
  { method: 'PUT', path: '/users/alice/server', scopes: ['start:servers', 'servers'] },
  {
    method: 'PUT',
    path: '/users/alice/servers/fresh',
    json: { display_name: 'Fresh' },
    scopes: ['start:servers', 'servers', 'read:servers'],
    restore: [asRoot('DELETE', '/users/alice/servers/fresh', { remove: true })],
  },
  // refused by its body once the gate has let it pass, so nothing is started thousands of times
  {
    method: 'POST',
    path: '/users/alice/server',
    json: { display_name: 7 },
    scopes: ['start:servers', 'servers', 'admin:servers', 'delete:servers'],
  },
  { method: 'POST', path: '/users/alice/servers/gpu', json: { display_name: 7 }, scopes: ['start:servers'] },
  {
    method: 'PATCH',
    path: '/users/alice/servers/gpu',
    json: { display_name: 'The GPU' },
    scopes: ['start:servers', 'servers', 'read:servers'],
  },
  { method: 'DELETE', path: '/users/alice/server', scopes: ['delete:servers', 'servers', 'start:servers'] },
  {
    method: 'DELETE',
    path: '/users/alice/servers/doomed',
    json: { remove: true },
    scopes: ['delete:servers', 'admin:servers'],
    restore: [asRoot('PUT', '/users/alice/servers/doomed')],
  },
];

const TOKENS: readonly MatrixEndpoint[] = [
  { method: 'GET', path: '/users/alice/tokens', scopes: ['read:tokens', 'tokens', 'read:users'] },
  { method: 'GET', path: '/users/nobody/tokens', about: { user: 'nobody' }, scopes: ['read:tokens'] },
  { method: 'GET', path: '/users/alice/tokens/{kept-id}', scopes: ['read:tokens', 'tokens'] },
  {
    method: 'POST',
    path: '/users/carol/tokens',
    json: { note: 'by the matrix', expires_in: 60 },
    about: { user: 'carol' },
    scopes: ['tokens', 'read:tokens', 'admin:users'],
  },
  {
    method: 'DELETE',
    path: '/users/alice/tokens/{doomed-id}',
    scopes: ['tokens', 'read:tokens'],
    restore: [
      {
        ...asRoot('POST', '/users/alice/tokens', { note: 'doomed' }),
        keep: { key: 'id', name: 'doomed-id' },
      },
    ],
  },
];

const GROUP_ENDPOINTS: readonly MatrixEndpoint[] = [
  { method: 'GET', path: '/groups', scopes: ['list:groups', 'groups', 'admin:groups', 'read:groups'] },
  { method: 'GET', path: '/groups?limit=1', headers: PAGED, scopes: ['list:groups'] },
  { method: 'GET', path: '/groups/g1', scopes: GROUPS },
  { method: 'GET', path: '/groups/none', about: { group: 'none' }, scopes: ['read:groups'] },
  {
    method: 'POST',
    path: '/groups',
    json: { groups: ['fresh'], users: ['alice'] },
    scopes: ['admin:groups', 'groups'],
    restore: [asRoot('DELETE', '/groups/fresh')],
  },
  {
    method: 'POST',
    path: '/groups/fresh',
    about: { group: 'fresh' },
    scopes: ['admin:groups', 'groups'],
    restore: [asRoot('DELETE', '/groups/fresh')],
  },
  {
    method: 'DELETE',
    path: '/groups/doomed',
    about: { group: 'doomed' },
    scopes: ['delete:groups', 'admin:groups', 'groups'],
    restore: [asRoot('POST', '/groups/doomed')],
  },
  {
    method: 'POST',
    path: '/groups/g1/users',
    json: { users: ['carol'] },
    scopes: ['groups', 'admin:groups', 'read:groups', 'admin:users'],
    restore: [asRoot('DELETE', '/groups/g1/users', { users: ['carol'] })],
  },
  {
    method: 'DELETE',
    path: '/groups/g1/users',
    json: { users: ['victim'] },
    scopes: ['groups', 'admin:groups'],
    restore: [asRoot('POST', '/groups/g1/users', { users: ['victim'] })],
  },
  {
    method: 'PUT',
    path: '/groups/g1/properties',
    json: { room: 7 },
    scopes: ['groups', 'admin:groups', 'read:groups'],
  },
];

const SHARE_ENDPOINTS: readonly MatrixEndpoint[] = [
  { method: 'GET', path: '/shares/alice', scopes: SHARES },
  { method: 'GET', path: '/shares/alice/gpu', scopes: SHARES },
  { method: 'GET', path: '/shares/alice/', scopes: ['read:shares'] },
  {
    method: 'POST',
    path: '/shares/alice/gpu',
    json: { user: 'carol' },
    scopes: ['shares', 'read:shares', 'read:users:name', 'access:servers'],
    restore: [asRoot('PATCH', '/shares/alice/gpu', { user: 'carol' })],
  },
  {
    method: 'PATCH',
    path: '/shares/alice/gpu',
    json: { group: 'g2', scopes: ['read:servers'] },
    scopes: ['shares', 'read:shares'],
  },
  {
    method: 'DELETE',
    path: '/shares/alice/doomed',
    scopes: ['shares', 'read:shares'],
  },
  { method: 'POST', path: '/shares/alice', scopes: ['shares'] },
  { method: 'GET', path: '/share-codes/alice', scopes: SHARES },
  { method: 'GET', path: '/share-codes/alice/gpu', scopes: SHARES },
  {
    method: 'POST',
    path: '/share-codes/alice/doomed',
    json: { expires_in: 60 },
    scopes: ['shares', 'read:shares'],
    restore: [asRoot('DELETE', '/share-codes/alice/doomed')],
  },
  { method: 'DELETE', path: '/share-codes/alice/doomed', scopes: ['shares', 'read:shares'] },
  {
    method: 'GET',
    path: '/users/alice/shared',
    scopes: ['read:users:shares', 'users:shares', 'read:shares', 'shares'],
  },
  { method: 'GET', path: '/users/alice/shared/bob/lab', scopes: ['read:users:shares', 'users:shares'] },
  {
    method: 'DELETE',
    path: '/users/alice/shared/bob/lab',
    scopes: ['users:shares', 'read:users:shares', 'shares'],
    restore: [asRoot('POST', '/shares/bob/lab', { user: 'alice' })],
  },
  {
    method: 'GET',
    path: '/groups/g1/shared',
    scopes: ['read:groups:shares', 'groups:shares', 'shares', 'groups'],
  },
  { method: 'GET', path: '/groups/g1/shared/bob/lab', scopes: ['read:groups:shares', 'groups:shares'] },
  {
    method: 'DELETE',
    path: '/groups/g1/shared/bob/lab',
    scopes: ['groups:shares', 'read:groups:shares'],
    restore: [asRoot('POST', '/shares/bob/lab', { group: 'g1' })],
  },
];

const SERVICE_ENDPOINTS: readonly MatrixEndpoint[] = [
  // filtered by single services: the whole list differs with the askers themselves
  { method: 'GET', path: '/services', scopes: ['list:services', 'read:services', 'admin:services'] },
  {
    method: 'GET',
    path: '/services/svc',
    scopes: ['read:services', 'read:services:name', 'read:roles:services', 'list:services', 'admin:services'],
  },
  { method: 'GET', path: '/services/none', about: { service: 'none' }, scopes: ['read:services'] },
  {
    method: 'POST',
    path: '/services/fresh',
    json: { info: { a: 1 } },
    about: { service: 'fresh' },
    scopes: ['admin:services', 'read:services'],
    restore: [asRoot('DELETE', '/services/fresh')],
  },
  {
    method: 'DELETE',
    path: '/services/doomed',
    about: { service: 'doomed' },
    scopes: ['admin:services', 'read:services'],
    restore: [asRoot('POST', '/services/doomed', { info: { a: 1 } })],
  },
  { method: 'DELETE', path: '/services/svc', scopes: ['admin:services'] },
];

/** Without a name in their path: here a filter must open nothing. */
const HUB: readonly MatrixEndpoint[] = [
  { method: 'GET', path: '/', scopes: ['read:hub'] },
  { method: 'GET', path: '/info', scopes: ['read:hub', 'proxy'] },
  { method: 'GET', path: '/proxy', scopes: ['proxy'] },
  { method: 'POST', path: '/proxy', scopes: ['proxy'] },
  { method: 'PATCH', path: '/proxy', json: [], scopes: ['proxy', 'shutdown'] },
  { method: 'POST', path: '/shutdown', json: { proxy: 'x' }, scopes: ['shutdown', 'proxy'] },
  {
    method: 'GET',
    path: '/authorizations/token/alice-token-in-the-matrix',
    scopes: ['read:users', 'tokens'],
  },
  { method: 'GET', path: '/authorizations/token/unknown', scopes: ['read:users'] },
  { method: 'GET', path: '/authorizations/cookie/jupyterhub-hub-login/x', scopes: ['read:users'] },
];

export const ENDPOINTS: readonly MatrixEndpoint[] = [
  ...USERS,
  ...SERVERS,
  ...TOKENS,
  ...GROUP_ENDPOINTS,
  ...SHARE_ENDPOINTS,
  ...SERVICE_ENDPOINTS,
  ...HUB,
].map((endpoint) => ({ ...endpoint, path: `${API}${endpoint.path}` }));

/** Said by root before the matrix begins. */
export const PREPARE: readonly Line[] = [
  asRoot('PUT', '/users/alice/servers/gpu', { display_name: 'The GPU' }),
  asRoot('PUT', '/users/alice/servers/doomed'),
  asRoot('PUT', '/users/bob/servers/lab'),
  asRoot('POST', '/shares/bob/lab', { user: 'alice' }),
  asRoot('POST', '/shares/bob/lab', { group: 'g1' }),
  asRoot('POST', '/shares/alice/gpu', { user: 'bob' }),
  asRoot('POST', '/shares/alice/gpu', { group: 'g2', scopes: ['access:servers', 'read:servers'] }),
  asRoot('POST', '/groups/doomed'),
  asRoot('POST', '/services/doomed', { info: { a: 1 } }),
  {
    ...asRoot('POST', '/users/alice/tokens', { note: 'kept', scopes: ['read:users!user'] }),
    keep: { key: 'id', name: 'kept-id' },
  },
  {
    ...asRoot('POST', '/users/alice/tokens', { note: 'doomed' }),
    keep: { key: 'id', name: 'doomed-id' },
  },
];
