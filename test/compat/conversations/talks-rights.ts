/** Who sees and may do what: every reading endpoint by every holder of filtered scopes. */
import type { Line, Talk } from './speaker.js';
import { TOKENS } from './twins.js';

const ACTORS = Object.keys(TOKENS);
const PAGED = { Accept: 'application/jupyterhub-pagination+json' };

const READS = [
  '/hub/api/user',
  '/hub/api/users',
  '/hub/api/users/alice',
  '/hub/api/users/bob',
  '/hub/api/users/nobody',
  '/hub/api/users/alice/server',
  '/hub/api/users/alice/servers/gpu',
  '/hub/api/users/bob/tokens',
  '/hub/api/users/alice/shared',
  '/hub/api/groups',
  '/hub/api/groups/g1',
  '/hub/api/groups/g2',
  '/hub/api/groups/none',
  '/hub/api/groups/g1/shared',
  '/hub/api/services',
  '/hub/api/services/none',
  '/hub/api/shares/alice',
  '/hub/api/shares/alice/gpu',
  '/hub/api/shares/alice/',
  '/hub/api/share-codes/alice',
  '/hub/api/share-codes/alice/gpu',
  '/hub/api/proxy',
];

export const RIGHTS: readonly Talk[] = [
  {
    name: 'rights-prepare',
    lines: [
      {
        as: 'alice',
        method: 'PUT',
        path: '/hub/api/users/alice/servers/gpu',
        json: { display_name: 'The GPU' },
      },
      { as: 'alice', method: 'POST', path: '/hub/api/shares/alice/gpu', json: { user: 'bob' } },
      { as: 'alice', method: 'POST', path: '/hub/api/shares/alice/gpu', json: { group: 'g1' } },
    ],
  },
  ...READS.map((path) => ({
    name: `rights GET ${path}`,
    lines: [undefined, ...ACTORS].map(
      (as): Line => ({ ...(as !== undefined && { as }), method: 'GET', path }),
    ),
  })),
  {
    name: 'rights-self-of-a-limited-token',
    lines: [
      'read:users:name!user',
      'access:servers!server=alice/gpu',
      'users:activity',
      'shares!server=alice/gpu',
    ].flatMap((scope, index): Line[] => [
      {
        as: 'alice',
        method: 'POST',
        path: '/hub/api/users/alice/tokens',
        json: { scopes: [scope] },
        keep: { key: 'token', name: `limited-${index}` },
      },
      { method: 'GET', path: '/hub/api/user', headers: { Authorization: `Bearer {limited-${index}}` } },
      {
        method: 'GET',
        path: '/hub/api/users/alice',
        headers: { Authorization: `Bearer {limited-${index}}` },
      },
      {
        method: 'GET',
        path: '/hub/api/shares/alice/gpu',
        headers: { Authorization: `Bearer {limited-${index}}` },
      },
    ]),
  },
  {
    name: 'rights-writes',
    lines: ACTORS.flatMap((as): Line[] => [
      { as, method: 'POST', path: '/hub/api/users/nobody/server', json: {} },
      { as, method: 'DELETE', path: '/hub/api/users/alice/server' },
      { as, method: 'DELETE', path: '/hub/api/users/alice/servers/none' },
      { as, method: 'PATCH', path: '/hub/api/users/alice/servers/none', json: { display_name: 'x' } },
      { as, method: 'PUT', path: '/hub/api/users/bob/server' },
      {
        as,
        method: 'POST',
        path: '/hub/api/users/bob/activity',
        json: { last_activity: '2020-01-01T00:00:00Z' },
      },
      { as, method: 'POST', path: '/hub/api/users/alice/admin-access' },
      { as, method: 'DELETE', path: '/hub/api/users/nobody/tokens/a1' },
      { as, method: 'POST', path: '/hub/api/groups/g1/users', json: { users: ['alice'] } },
      { as, method: 'DELETE', path: '/hub/api/groups/none' },
      { as, method: 'PATCH', path: '/hub/api/users/root', json: { admin: false } },
    ]).filter((line) => !(line.as === 'root' && line.method === 'PATCH')),
  },
  {
    name: 'rights-lists-filtered',
    lines: [
      ...['', 'active', 'ready', 'inactive', 'Active', 'nope'].map((state) => `state=${state}`),
      ...['id', '-id', 'name', '-name', '--name', 'created', ''].map((sort) => `sort=${sort}`),
      ...['', 'a', 'A', '%25', '_', 'l_ce', "'", '%5C', '%20', 'alice'].map((name) => `name_filter=${name}`),
      ...['', '0', '1', 'true', 'no', 'False', 'x'].map((value) => `include_stopped_servers=${value}`),
      'state=inactive&sort=-name&name_filter=r&include_stopped_servers=1&limit=3',
    ].flatMap((query): Line[] => [
      { as: 'root', method: 'GET', path: `/hub/api/users?${query}` },
      { as: 'lister', method: 'GET', path: `/hub/api/users?${query}`, headers: PAGED },
      { as: 'root', method: 'GET', path: `/hub/api/users/alice?${query}` },
    ]),
  },
  {
    name: 'rights-lists-in-pages',
    lines: ['/hub/api/users', '/hub/api/groups', '/hub/api/proxy', '/hub/api/users/bob/shared'].flatMap(
      (path) =>
        [
          '',
          '?limit=1',
          '?offset=1&limit=2',
          '?limit=0',
          '?limit=-3',
          '?limit=1000',
          '?limit=x',
          '?offset=',
          '?offset=1000000',
          '?a=&limit=1&b=%20x',
        ].flatMap((query): Line[] => [
          { as: 'root', method: 'GET', path: `${path}${query}` },
          { as: 'root', method: 'GET', path: `${path}${query}`, headers: PAGED },
        ]),
    ),
  },
];
