/** People who hold a little, and what they try in order to hold more. The same in both hubs. */
import { join } from 'node:path';
import type { Line } from '../conversations/speaker.js';

/** By principal: what its role gives beside what every user has. */
const HOLDINGS: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  grouper: ['groups!group=own'],
  groupadmin: ['admin:groups'],
  useradmin: ['admin:users'],
  servicer: ['admin:services'],
  sharer: ['shares!user', 'read:users:name', 'read:groups:name'],
  tokener: ['tokens!user=plain'],
};
export const PRINCIPALS = [...Object.keys(HOLDINGS), 'root', 'service'];

export const ESCALATION_TOKENS: Readonly<Record<string, string>> = Object.fromEntries(
  PRINCIPALS.map((name) => [name, `${name}-wants-more-than-that`]),
);

export function escalationConfiguration(dir: string, ports: readonly number[], python: string): object {
  const [publicPort, hubPort, apiPort] = ports;
  const users = PRINCIPALS.filter((name) => name !== 'service');
  return {
    JupyterHub: {
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      allow_named_servers: true,
      trust_user_provided_tokens: true,
      api_tokens: Object.fromEntries(users.map((name) => [ESCALATION_TOKENS[name] ?? '', name])),
      services: [
        { name: 'service', api_token: ESCALATION_TOKENS['service'] },
        {
          name: 'client',
          api_token: 'secret-of-the-client-of-nobody',
          oauth_client_id: 'service-client',
          oauth_redirect_uri: 'http://127.0.0.1:9/services/client/oauth_callback',
        },
      ],
      load_roles: [
        // who is named in a role alone has not this one
        { name: 'user', users },
        ...Object.entries(HOLDINGS).map(([name, scopes]) => ({ name: `of-${name}`, users: [name], scopes })),
        { name: 'powerful', groups: ['power'], scopes: ['admin:users', 'tokens', 'admin:servers'] },
      ],
      load_groups: { own: { users: ['grouper'] }, power: { users: [] } },
    },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    DummyAuthenticator: { allow_all: true, password: 'secret' },
    Authenticator: { admin_users: ['root'] },
    SimpleLocalProcessSpawner: { home_dir_template: join(dir, 'homes', '{username}') },
    Spawner: { cmd: [python, join(import.meta.dirname, '../record/stub_server.py')] },
    Anteroom: { allow_shared_uid: true },
  };
}

export interface Attempt extends Line {
  /** Answered with success and yet gives nothing, which the look at everybody's rights afterwards shows. */
  readonly harmless?: true;
}

const attempt = (as: string, method: string, path: string, json?: unknown): Attempt => ({
  as,
  method,
  path: `/hub/api${path}`,
  ...(json !== undefined && { json }),
});
const harmless = (as: string, method: string, path: string, json?: unknown): Attempt => ({
  ...attempt(as, method, path, json),
  harmless: true,
});

export const BEGIN: readonly Line[] = [
  attempt('root', 'PUT', '/users/sharer/servers/lab'),
  attempt('root', 'PUT', '/users/root/servers/lab'),
  attempt('root', 'PUT', '/users/plain/servers/lab'),
  {
    ...attempt('sharer', 'POST', '/users/sharer/tokens', {
      scopes: ['shares!server=sharer/lab', 'read:users:name'],
    }),
    keep: { key: 'token', name: 'narrow-sharer' },
  },
  {
    ...attempt('plain', 'POST', '/users/plain/tokens', { scopes: ['read:users:name!user'] }),
    keep: { key: 'token', name: 'narrow' },
  },
  {
    ...attempt('root', 'POST', '/share-codes/root/lab', { expires_in: 600 }),
    keep: { key: 'id', name: 'code-id-of-root' },
  },
];

const TOKENS: readonly Attempt[] = [
  ...[
    'admin:users',
    'admin:servers',
    'read:users',
    'servers!user=root',
    'tokens!user=root',
    'access:servers',
    'read:hub',
  ].map((scope) => attempt('plain', 'POST', '/users/plain/tokens', { scopes: [scope] })),
  attempt('plain', 'POST', '/users/plain/tokens', { scopes: ['read:users!user', 'admin:users'] }),
  attempt('plain', 'POST', '/users/plain/tokens', { roles: ['admin'] }),
  attempt('plain', 'POST', '/users/plain/tokens', { roles: ['powerful'] }),
  attempt('plain', 'POST', '/users/root/tokens'),
  attempt('plain', 'POST', '/users/root/tokens', { auth: { username: 'root', password: 'wrong' } }),
  attempt('plain', 'POST', '/users/nobody/tokens'),
  attempt('plain', 'DELETE', '/users/root/tokens/a1'),
  attempt('plain', 'GET', '/users/root/tokens'),
  attempt('tokener', 'POST', '/users/plain/tokens', { scopes: ['admin:users'] }),
  attempt('tokener', 'POST', '/users/root/tokens'),
  attempt('service', 'POST', '/users/plain/tokens'),
  attempt('service', 'POST', '/users/root/tokens', { scopes: [] }),
  ...(
    [
      ['POST', '/users/plain/tokens', {}],
      ['POST', '/users/plain/server', {}],
      ['GET', '/users/plain/tokens', undefined],
      ['POST', '/users/plain/activity', { last_activity: '2020-01-01T00:00:00Z' }],
    ] as const
  ).map(([method, path, json]) => {
    const { as: _as, ...line } = attempt('plain', method, path, json);
    return { ...line, headers: { Authorization: 'token {narrow}' }, note: 'with a token that reads a name' };
  }),
];

const GROUPS: readonly Attempt[] = [
  attempt('plain', 'POST', '/groups/power/users', { users: ['plain'] }),
  attempt('plain', 'POST', '/groups', { groups: ['mine'], users: ['plain'] }),
  attempt('grouper', 'POST', '/groups/power/users', { users: ['grouper'] }),
  attempt('grouper', 'PUT', '/groups/power/properties', { a: 1 }),
  attempt('grouper', 'DELETE', '/groups/own'),
  attempt('grouper', 'POST', '/groups/own', { roles: ['admin'] }),
  harmless('grouper', 'POST', '/groups/own/users', { users: ['plain'] }),
  harmless('groupadmin', 'POST', '/groups/fresh', { users: ['groupadmin'], roles: ['admin'] }),
  harmless('groupadmin', 'POST', '/groups', {
    groups: ['fresh2'],
    users: ['groupadmin'],
    roles: ['powerful'],
  }),
  harmless('groupadmin', 'POST', '/groups/own/users', { users: ['groupadmin'], roles: ['admin'] }),
  attempt('useradmin', 'POST', '/groups/power/users', { users: ['useradmin'] }),
];

const USERS: readonly Attempt[] = [
  attempt('plain', 'PATCH', '/users/plain', { admin: true }),
  attempt('plain', 'PATCH', '/users/plain', { roles: ['admin'] }),
  attempt('plain', 'POST', '/users/accomplice', { admin: true }),
  attempt('useradmin', 'PATCH', '/users/useradmin', { admin: true }),
  attempt('useradmin', 'PATCH', '/users/plain', { admin: true, name: 'plainer' }),
  attempt('useradmin', 'POST', '/users', { usernames: ['accomplice'], admin: true }),
  attempt('useradmin', 'POST', '/users/accomplice', { admin: true }),
  attempt('useradmin', 'PATCH', '/users/useradmin', { roles: ['admin'] }),
  attempt('useradmin', 'PATCH', '/users/useradmin', { groups: ['power'] }),
  attempt('useradmin', 'PATCH', '/users/root', { admin: false }),
  attempt('useradmin', 'PATCH', '/users/root', { name: 'deposed' }),
  attempt('useradmin', 'PATCH', '/users/useradmin', { name: 'root' }),
  attempt('useradmin', 'PATCH', '/users/useradmin', { name: ' root ' }),
  attempt('useradmin', 'PATCH', '/users/root', { auth_state: {} }),
  attempt('useradmin', 'POST', '/users/root/server', {}),
  attempt('useradmin', 'POST', '/users/root/tokens'),
  harmless('useradmin', 'POST', '/users', { usernames: ['harmless'], roles: ['admin'], groups: ['power'] }),
  attempt('service', 'PATCH', '/users/plain', { admin: true }),
];

const OAUTH = { oauth_client_id: 'service-evil', oauth_redirect_uri: 'http://127.0.0.1:9/callback' };
const SERVICES: readonly Attempt[] = [
  attempt('plain', 'POST', '/services/evil', { admin: true }),
  attempt('servicer', 'POST', '/services/evil', { admin: true }),
  attempt('servicer', 'POST', '/services/evil', { ...OAUTH, oauth_client_allowed_scopes: ['admin:users'] }),
  attempt('servicer', 'POST', '/services/evil', {
    ...OAUTH,
    oauth_client_allowed_scopes: ['inherit', 'tokens'],
  }),
  attempt('servicer', 'POST', '/services/evil', { command: ['/bin/sh'] }),
  attempt('servicer', 'POST', '/services/evil', { info: {}, roles: ['admin'] }),
  attempt('servicer', 'POST', '/services/client', { api_token: 'another-secret-of-the-client' }),
  attempt('servicer', 'DELETE', '/services/service'),
  attempt('servicer', 'PATCH', '/services/service', { admin: true }),
  attempt('servicer', 'PUT', '/services/service', { admin: true }),
];

const LAB = '/shares/sharer/lab';
const SHARES: readonly Attempt[] = [
  attempt('plain', 'POST', '/shares/plain/lab', { user: 'grouper' }),
  attempt('plain', 'POST', '/share-codes/plain/lab'),
  attempt('plain', 'GET', '/share-codes/root/lab'),
  attempt('plain', 'DELETE', '/share-codes/root/lab?id={code-id-of-root}'),
  ...['admin:servers', 'admin:server_state', 'admin:users', 'proxy', 'read:hub', 'groups'].flatMap(
    (scope) => [
      attempt('sharer', 'POST', LAB, { user: 'plain', scopes: [scope] }),
      attempt('sharer', 'POST', '/share-codes/sharer/lab', { scopes: [scope] }),
    ],
  ),
  ...[
    'access:servers!server=root/lab',
    'servers!user=root',
    'access:servers!user=sharer',
    'inherit',
    'self',
    'nope',
  ].flatMap((scope) => [
    attempt('sharer', 'POST', LAB, { user: 'plain', scopes: [scope] }),
    attempt('sharer', 'POST', '/share-codes/sharer/lab', { scopes: [scope] }),
  ]),
  attempt('sharer', 'POST', '/shares/root/lab', { user: 'sharer' }),
  attempt('sharer', 'POST', '/share-codes/root/lab'),
  ...(['servers', 'delete:servers', 'read:servers'] as const).map((scope): Attempt => {
    const { as: _as, ...line } = attempt('sharer', 'POST', LAB, { user: 'plain', scopes: [scope] });
    return {
      ...line,
      headers: { Authorization: 'token {narrow-sharer}' },
      note: 'with a token that only shares',
    };
  }),
  attempt('sharer', 'POST', LAB, { user: 'service' }),
];

const SHARED: readonly Attempt[] = [
  attempt('tokener', 'POST', LAB, { user: 'grouper' }),
  attempt('tokener', 'POST', '/share-codes/sharer/lab'),
  attempt('tokener', 'POST', '/users/sharer/tokens'),
  attempt('tokener', 'GET', '/users/sharer/tokens'),
  attempt('tokener', 'GET', LAB),
  attempt('tokener', 'POST', '/users/sharer/servers/lab', {}),
  attempt('tokener', 'POST', '/users/tokener/tokens', { scopes: ['servers!server=sharer/lab'] }),
  attempt('grouper', 'DELETE', '/users/tokener/shared/sharer/lab'),
];

export const ATTEMPTS: Readonly<Record<string, readonly Attempt[]>> = {
  tokens: TOKENS,
  groups: GROUPS,
  'users and roles': USERS,
  services: SERVICES,
  shares: SHARES,
};

/** `tokener` is given access to a server, which changes what they hold; what they then try with it. */
export const GIFT: Line = attempt('sharer', 'POST', LAB, {
  user: 'tokener',
  // held by the giver for all of their servers, and of no use for one
  scopes: ['access:servers', 'tokens'],
});
export const WITH_GIFT = SHARED;
