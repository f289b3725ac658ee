/** Makes one random request: who, method, path, query, headers, body. All of it comes from the seed. */
import { Random } from './random.js';
import {
  brokenJson,
  GROUP_NAMES,
  jsonObject,
  jsonValue,
  ODD_SEGMENTS,
  SERVER_NAMES,
  SERVICE_NAMES,
  text,
  USER_NAMES,
} from './values.js';

export interface FuzzRequest {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Sent in pieces of unknown length. */
  readonly chunked: boolean;
  /** Bytes for the socket as they are, in place of all the rest. */
  readonly raw?: Buffer;
}

/** Credentials as headers, by the name of who has them. */
export type Credentials = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Target {
  /** Method and path below the hub's prefix, with `{name}` for parameters; from the OpenAPI document, and pages. */
  readonly templates: readonly string[];
  readonly credentials: Credentials;
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
];
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  name: [...USER_NAMES, ...GROUP_NAMES, ...SERVICE_NAMES],
  owner: USER_NAMES,
  server_name: SERVER_NAMES,
};
const QUERY = [
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
const QUERY_VALUES = [
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
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'nonsense',
  ';;',
  'application/json; charset=utf-16',
];
const HEADERS: ReadonlyArray<readonly [string, readonly string[]]> = [
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
const LINES = [
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

export function makeRequest(seed: number, index: number, target: Target): FuzzRequest {
  const random = new Random(seed, index);
  const [known = 'GET', template = '/'] = random.pick(target.templates).split(' ');
  const method = random.chance(0.7) ? known : random.pick(METHODS);
  const path = pathOf(random, template);
  const headers: Record<string, string> = { ...random.pick(Object.values(target.credentials)) };
  for (let n = random.below(4); n > 0; n -= 1) {
    const [name, values] = random.pick(HEADERS);
    if (name === 'Upgrade') headers['Connection'] = 'upgrade';
    if (!(name in headers) || random.chance(0.1)) headers[name] = random.pick(values);
  }
  const hasBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) || random.chance(0.05);
  const body = hasBody ? bodyOf(random, headers, template) : undefined;
  const request = { index, method, path, headers, body, chunked: body !== undefined && random.chance(0.1) };
  return random.chance(0.03) ? { ...request, raw: rawOf(random) } : request;
}

function pathOf(random: Random, template: string): string {
  const filled = template.replace(/\{(\w+)\}/g, (_whole, name: string) => segment(random, name));
  const path = `/hub${random.chance(0.06) ? mutated(random, filled) : filled}`;
  const query = Array.from({ length: random.chance(0.3) ? 1 + random.below(4) : 0 }, () => {
    const value = random.chance(0.7) ? random.pick(QUERY_VALUES) : encodeURIComponent(scalar(text(random)));
    return `${random.pick(QUERY)}=${value}`;
  });
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/** encodeURIComponent takes no half characters. */
function scalar(value: string): string {
  return Buffer.from(value).toString().slice(0, 1000);
}

function segment(random: Random, name: string): string {
  if (random.chance(0.15)) return random.pick(ODD_SEGMENTS);
  if (random.chance(0.03)) return encodeURIComponent(scalar(text(random)));
  return encodeURIComponent(random.pick(PARAMETERS[name] ?? ['a1', 'a2', 'x', 'jupyterhub-hub-login']));
}

function mutated(random: Random, path: string): string {
  const parts = path.split('/');
  const at = random.below(parts.length);
  return random.pick<() => string>([
    () => `${path}/`,
    () => path.replace('/', '//'),
    () => parts.filter((_part, n) => n !== at).join('/'),
    () => [...parts.slice(0, at), random.pick(ODD_SEGMENTS), ...parts.slice(at)].join('/'),
    () => `${path}/${random.pick(ODD_SEGMENTS)}`,
    () => path.toUpperCase(),
    () => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    () => `${path}#x`,
    () => `${path}?`,
  ])();
}

function bodyOf(random: Random, headers: Record<string, string>, template: string): Buffer | undefined {
  if (random.chance(0.5)) headers['Content-Type'] = random.pick(TYPES);
  const kind = random.below(10);
  if (kind === 0) return undefined;
  if (kind <= 5) return Buffer.from(JSON.stringify(likely(random, template)));
  if (kind === 6) return Buffer.from(JSON.stringify(jsonValue(random)) ?? '');
  if (kind === 7) return Buffer.from(brokenJson(random));
  if (kind === 8) return random.bytes(random.below(2000));
  const fields = Array.from({ length: random.below(5) }, () => [random.pick(QUERY), scalar(text(random))]);
  return Buffer.from(new URLSearchParams(fields as string[][]).toString());
}

/** A body that the endpoint takes, with a chance of something odd in it, or of another endpoint's. */
function likely(random: Random, template: string): unknown {
  const bodies = BODIES.filter(([path]) => path.test(template));
  const [, make] = random.pick(random.chance(0.8) && bodies.length > 0 ? bodies : BODIES);
  const body = make(random);
  return random.chance(0.2) ? { ...body, ...jsonObject(random) } : body;
}

const SCOPES = ['inherit', 'self', 'read:users!user', 'access:servers', 'nope', 'shares!user'];
const ACTIVITY = { last_activity: '2026-01-01T00:00:00Z' };
type MakeBody = (random: Random) => Record<string, unknown>;
const user = (random: Random): string => random.pick(USER_NAMES);

const BODIES: ReadonlyArray<readonly [RegExp, MakeBody]> = [
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

function rawOf(random: Random): Buffer {
  return random.chance(0.2) ? random.bytes(1 + random.below(300)) : Buffer.from(random.pick(LINES), 'latin1');
}
