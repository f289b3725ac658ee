/** What requests are made of: parameters, headers, lines of bytes, bodies. */
import type { Random } from './random.js';
import { GROUP_NAMES, jsonObject, SERVER_NAMES, SERVICE_NAMES, text, USER_NAMES } from './values.js';

export const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  name: [...USER_NAMES, ...GROUP_NAMES, ...SERVICE_NAMES],
  owner: USER_NAMES,
  server_name: SERVER_NAMES,
};
export const QUERY = [
  'offset',
  'limit',
  'state',
  'sort',
  'name_filter',
  'include_stopped_servers',
  'next',
  'code',
  'id',
  '_xsrf',
  'since',
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'code_challenge',
  'code_challenge_method',
  'username',
  'page',
];
export const QUERY_VALUES = [
  '',
  '0',
  '1',
  '-1',
  '1e3',
  'x',
  'active',
  'ready',
  '-name',
  'jupyterhub',
  'code',
  '//evil',
  '/hub/home',
  '%ff',
  '%00',
  '%',
  '9'.repeat(400),
];
export const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'nonsense',
  ';;',
  'application/json; charset=utf-16',
];
export const HEADERS: ReadonlyArray<readonly [string, readonly string[]]> = [
  [
    'Accept',
    [
      'application/json',
      'application/jupyterhub-pagination+json',
      'text/html',
      '*/*',
      ',,;q=',
      'text/event-stream',
    ],
  ],
  ['Origin', ['http://127.0.0.1', 'http://evil.example', 'null', 'x']],
  ['Sec-Fetch-Mode', ['navigate', 'cors', 'same-origin', 'no-cors', 'websocket', 'x']],
  ['Sec-Fetch-Site', ['same-origin', 'cross-site', 'none', 'x']],
  ['X-Forwarded-For', ['1.2.3.4', '::1', 'x', '1.2.3.4, 5.6.7.8, ,', '9'.repeat(300)]],
  ['X-Forwarded-Proto', ['https', 'http,https', 'x y']],
  ['X-Forwarded-Host', ['evil.example', 'a b', '']],
  ['Forwarded', ['for=1.2.3.4;proto=https', 'for="[::1', ';;=']],
  ['Host', ['evil.example', 'a:b:c', '127.0.0.1', '[::1]:80']],
  ['X-Request-Id', ['abc', 'x'.repeat(200), 'a b']],
  ['If-None-Match', ['*', '"x"', 'W/"x", "y"']],
  ['Expect', ['100-continue', '100-continue', '100-continue', 'x']],
  ['Range', ['bytes=0-1', 'x']],
  ['X-XSRFToken', ['', 'x', '2|1:0|']],
  ['Upgrade', ['websocket', 'h2c']],
  ['Accept-Encoding', ['gzip', 'identity;q=0']],
  ['Connection', ['close', 'keep-alive']],
  [
    'Cookie',
    ['_xsrf=x', 'jupyterhub-hub-login="2|1:0|10:1|x"', '=;=;', 'a=b; '.repeat(50), 'jupyterhub-session-id=x'],
  ],
  [
    'Authorization',
    ['token', 'token x', 'Bearer  y', 'Basic YTpi', `token ${'z'.repeat(500)}`, 'bearer \u00e9'],
  ],
];
export const LINES = [
  'GET  HTTP/1.1\r\n\r\n',
  'GET /hub/home HTTP/9.9\r\nHost: x\r\n\r\n',
  'BREW /hub/api HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET http://evil.example/hub/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /hub/api HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
  'POST /hub/api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /hub/api/users HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /hub/api/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'GET /hub/api HTTP/1.0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /hub/\u00e9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\n\r\n',
  '\u0000\u0001\u0002\r\n\r\n',
  `GET /hub/api HTTP/1.1\r\nHost: x\r\nX: ${'h'.repeat(20_000)}\r\n\r\n`,
];

const SCOPES = ['inherit', 'self', 'read:users!user', 'access:servers', 'nope', 'shares!user'];
const ACTIVITY = { last_activity: '2026-01-01T00:00:00Z' };
type MakeBody = (random: Random) => Record<string, unknown>;
const user = (random: Random): string => random.pick(USER_NAMES);

/** Bodies by the endpoints that take them. */
export const BODIES: ReadonlyArray<readonly [RegExp, MakeBody]> = [
  [/\/users$/, (random) => ({ usernames: [user(random), user(random)] })],
  [/\/users\/\{name\}$/, (random) => ({ name: user(random) })],
  [/\/users\/\{name\}$/, () => ({ admin: false })],
  [/\/groups$/, (random) => ({ groups: [random.pick(GROUP_NAMES)] })],
  [/\/groups\/\{name\}(?:\/users)?$/, (random) => ({ users: [user(random)] })],
  [/\/properties$/, (random) => jsonObject(random)],
  [/\/tokens$/, (random) => ({ note: text(random), expires_in: random.pick([null, 1, 60, 0, -1]) })],
  [/\/tokens$/, (random) => ({ scopes: [random.pick(SCOPES)] })],
  [
    /\/tokens$/,
    (random) => ({ auth: { username: user(random), password: random.pick(['secret', text(random)]) } }),
  ],
  [/\/shares\//, (random) => ({ user: user(random), scopes: [random.pick(SCOPES)] })],
  [/\/shares\//, (random) => ({ group: random.pick(GROUP_NAMES) })],
  [/\/share-codes\//, () => ({ expires_in: 60 })],
  [/\/activity$/, () => ({ ...ACTIVITY, servers: { lab: ACTIVITY } })],
  [/\/servers?\b/, (random) => ({ display_name: text(random), user_options: jsonObject(random) })],
  [/\/servers?\b/, () => ({})],
  [/\/servers?\b/, () => ({ remove: true })],
  [/\/services\//, (random) => ({ info: jsonObject(random), display: false })],
];
