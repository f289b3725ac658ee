/** What depends on addresses: redirects, `next`, cookies, models, OAuth, routes. Said in each situation. */
import type { Line, Talk } from './speaker.js';

export interface Place {
  /** Application prefix without its last slash. */
  readonly base: string;
  readonly subdomains: boolean;
}

const HTML = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' };

const NEXTS = [
  '{base}/hub/admin',
  '{base}/user/alice/lab?x=1#y',
  'http://hub.test:{public}{base}/user/alice/x',
  'https://hub.test:{public}{base}/hub/home?a=b#c',
  'https://hub.test{base}/hub/home',
  '//hub.test:{public}/x//y',
  'http://alice.hub.test:{public}{base}/user/alice/tree',
  'https://deep.er.hub.test:{public}/x',
  'http://alice.hub.test/user/alice/tree',
  'http://evilhub.test:{public}/x',
  'http://hub.test.evil.test:{public}/x',
  '///hub.test:{public}/x',
  '///evil.test/x',
  'http:/hub.test/x',
  '\\\\evil.test/x',
  'x',
];

export function addressTalks({ base, subdomains }: Place): readonly Talk[] {
  const api = `${base}/hub/api`;
  const at = (host: string): Readonly<Record<string, string>> => ({ ...HTML, Host: `${host}:{public}` });
  const onUser = (line: Omit<Line, 'headers'>, user = 'alice'): Line => ({
    ...line,
    ...(subdomains && { headers: at(`${user}.hub.test`) }),
  });
  const visit = (path: string, as?: string): Line => ({
    ...(as !== undefined && { as }),
    method: 'GET',
    path,
    headers: HTML,
  });
  const started = (user: string, server = 'server'): Line[] => [
    { as: 'root', method: 'POST', path: `${api}/users/${user}/${server}` },
    {
      as: 'root',
      method: 'GET',
      path: `${api}/users/${user}`,
      until: (model) => JSON.stringify(model).includes('"ready":true'),
    },
  ];
  return [
    {
      name: 'the way in',
      lines: [
        ...['/', `${base}/`, base, `${base}/hub`, `${base}/hub/`, `${base}/hub/login`, `${base}/hub/home`]
          .filter((path) => path !== '')
          .map((path) => visit(path)),
        ...['/elsewhere?x=1', `${base}/user/alice`, `${base}/user/alice/x?y=1`, `${base}/services/ext/x`].map(
          (path) => visit(path),
        ),
        visit(`${api}/`),
        { signIn: 'alice', method: 'GET', path: '' },
        ...['https', 'http, https', 'ftp'].map(
          (proto): Line => ({
            signIn: 'bob',
            method: 'GET',
            path: '',
            headers: { 'X-Forwarded-Proto': proto },
          }),
        ),
        visit(`${base}/hub/login`, 'browser:alice'),
        visit(`${base}/hub/`, 'browser:alice'),
        visit(`${base}/`, 'browser:alice'),
      ],
    },
    {
      name: 'where to go next',
      lines: NEXTS.map((next) => next.replace('{base}', base)).map((next) =>
        visit(
          `${base}/hub/login?next=${encodeURIComponent(next).replaceAll('%7Bpublic%7D', '{public}')}`,
          'browser:alice',
        ),
      ),
    },
    {
      name: 'a server of its own',
      lines: [
        visit(`${base}/hub/user/alice/x?y=1`, 'browser:alice'),
        { as: 'alice', method: 'GET', path: `${base}/hub/user/alice/api/x?y=1` },
        { as: 'alice', method: 'POST', path: `${base}/user/alice/x?y=1` },
        { as: 'alice', method: 'POST', path: `${base}/hub/user/alice/x?y=1` },
        ...started('alice'),
        { as: 'alice', method: 'GET', path: `${api}/user` },
        { as: 'root', method: 'GET', path: `${api}/users/alice/server/progress` },
        { as: 'root', method: 'GET', path: `${api}/proxy`, headers: { Accept: 'application/json' } },
        onUser({ method: 'GET', path: `${base}/user/alice/x?y=1` }),
        onUser({ method: 'GET', path: `${base}/user/alice/x?y=1` }, 'bob'),
        onUser({ method: 'GET', path: `${base}/user/alice` }),
        visit(`${base}/user/alice/x?y=1`, 'browser:alice'),
        visit(`${base}/hub/user/alice/x?y=1`, 'browser:alice'),
        visit(`${base}/hub/user/alice/x?redirects=1`, 'browser:alice'),
        visit(`${base}/hub/user-redirect/x?y=1`, 'browser:alice'),
        visit(`${base}/hub/spawn`, 'browser:alice'),
        visit(`${base}/hub/spawn?next=${encodeURIComponent(`${base}/hub/token`)}`, 'browser:alice'),
        visit(`${base}/hub/spawn-pending/alice`, 'browser:alice'),
        visit(`${base}/hub/login`, 'browser:alice'),
        visit(`${base}/hub/`, 'browser:alice'),
        visit(`${base}/hub/home`, 'browser:alice'),
        visit(`${base}/hub/logout`),
      ],
    },
    {
      name: 'named servers and names beyond ASCII',
      lines: [
        ...started('alice', 'servers/gpu'),
        onUser({ method: 'GET', path: `${base}/user/alice/gpu/x` }),
        { as: 'root', method: 'POST', path: `${api}/users/zo%C3%AB_x` },
        { as: 'root', method: 'POST', path: `${api}/users/zo%C3%AB` },
        ...started('zo%C3%AB'),
        ...started('zo%C3%AB_x'),
        { as: 'root', method: 'GET', path: `${api}/proxy` },
        { as: 'root', method: 'GET', path: `${api}/users?state=ready` },
      ],
    },
    {
      name: 'sharing and services',
      lines: [
        { as: 'alice', method: 'POST', path: `${api}/shares/alice/gpu`, json: { user: 'bob' } },
        { as: 'alice', method: 'GET', path: `${api}/shares/alice` },
        { as: 'bob', method: 'GET', path: `${api}/users/bob/shared` },
        {
          as: 'alice',
          method: 'POST',
          path: `${api}/share-codes/alice/gpu`,
          json: {},
          keep: { key: 'code', name: 'sharecode' },
        },
        visit(`${base}/hub/accept-share?code={sharecode}`, 'browser:bob'),
        { as: 'root', method: 'GET', path: `${api}/services` },
        onUser({ method: 'GET', path: `${base}/services/ext/` }, 'ext--service'),
        onUser({ method: 'GET', path: `${base}/services/ext/` }, 'services'),
      ],
    },
    {
      name: 'the hand-shake',
      lines: [
        ...[
          `${base}/user/alice/oauth_callback`,
          `http://alice.hub.test:{public}${base}/user/alice/oauth_callback`,
          `https://alice.hub.test:{public}${base}/user/alice/oauth_callback`,
          `http://hub.test:{public}${base}/user/alice/oauth_callback`,
          `https://evil.test/oauth_callback`,
        ].map(
          (uri): Line => ({
            as: 'browser:alice',
            method: 'GET',
            path: `${api}/oauth2/authorize?client_id=jupyterhub-user-alice&response_type=code&state=s&redirect_uri=${encodeURIComponent(uri).replaceAll('%7Bpublic%7D', '{public}')}`,
            headers: HTML,
            keepFromLocation: 'code',
          }),
        ),
        ...[
          `${base}/services/ext/oauth_callback`,
          `http://ext--service.hub.test:{public}${base}/services/ext/oauth_callback`,
        ].map(
          (uri): Line => ({
            as: 'browser:alice',
            method: 'GET',
            path: `${api}/oauth2/authorize?client_id=service-ext&response_type=code&state=s&redirect_uri=${encodeURIComponent(uri).replaceAll('%7Bpublic%7D', '{public}')}`,
            headers: HTML,
          }),
        ),
      ],
    },
    {
      name: 'the way out',
      lines: [
        visit(`${base}/hub/logout`, 'browser:alice'),
        visit(`${base}/hub/logout`, 'browser:alice'),
        visit(`${base}/hub/home`, 'browser:alice'),
        onUser({ method: 'GET', path: `${base}/hub/login` }),
        { as: 'root', method: 'DELETE', path: `${api}/users/alice/server` },
        // its route is gone, the hub says where to start it again
        onUser({ method: 'GET', path: `${base}/user/alice/x?y=1` }),
      ],
    },
  ];
}
