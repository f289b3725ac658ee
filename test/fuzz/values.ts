/** Names, JSON and texts that are likely to be taken wrongly. Pools are of limited size, so that the data stays small. */
import type { Random } from './random.js';

export const USER_NAMES = ['alice', 'bob', 'carol', 'nobody', 'zoë', 'a b', 'x'.repeat(200)];
export const GROUP_NAMES = ['g1', 'g2', 'power', 'none', 'gruppe ü'];
export const SERVER_NAMES = ['', 'lab', 'gpu', 'none', 'UPPER', 'a-b', 'x'.repeat(40)];
export const SERVICE_NAMES = ['svc', 'made', 'none'];

/** As they stand in a path: some are no encoding of anything. */
export const ODD_SEGMENTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
  'a%00b',
  '%ff',
  '%C0%AF',
  '%zz',
  '%',
  '%u0041',
  '%ED%A0%80',
  'x'.repeat(1025),
  'y'.repeat(5000),
  '%F0%9F%98%80',
  'e%CC%81',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  ':user_name',
  '*',
  '%0d%0aX-Evil:%201',
  ';a=1',
  'a+b',
  '%20',
  '%5C',
  '{name}',
  "'--",
  '$%7B7*7%7D',
  '-1',
  '9'.repeat(30),
  'a1',
  'a99999999999999999999',
  'sc_1',
  'null',
  'undefined',
];

const TEXTS = [
  '',
  'alice',
  'admin',
  'g1',
  'null',
  'a\u0000b',
  '\ud800',
  '💥',
  'x'.repeat(300),
  'y'.repeat(20_000),
  '<script>',
  '../..',
  'http://127.0.0.1:9/',
  'javascript:alert(1)',
  'inherit',
  'self',
  'admin:users',
  'read:users!user=alice',
  'read:users!server',
  'access:servers!server=alice/',
  'custom:x',
  '!user',
  'a!b=c=d',
  '2026-01-01T00:00:00Z',
  '0000-00-00',
  '275760-09-14',
  '1e400',
  ' ',
  '\r\n',
];
const NUMBERS = [0, -0, 1, -1, 0.5, 60, 1e3, 2 ** 31, 2 ** 53, -(2 ** 53), 1e20, 1e308, 5e-324];
const KEYS = [
  'usernames',
  'name',
  'admin',
  'groups',
  'roles',
  'auth_state',
  'users',
  'note',
  'scopes',
  'expires_in',
  'auth',
  'username',
  'password',
  'display_name',
  'user_options',
  'remove',
  'last_activity',
  'servers',
  'user',
  'group',
  'url',
  'api_token',
  'info',
  'display',
  'command',
  'oauth_client_id',
  'oauth_redirect_uri',
  'oauth_client_allowed_scopes',
  '__proto__',
  'constructor',
  '__jupyterhub_bytes__',
  'toString',
  '',
];

export function jsonValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 5 : 8);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick(NUMBERS);
  if (kind <= 4) return text(random);
  if (kind === 5) return Array.from({ length: random.below(4) }, () => jsonValue(random, depth + 1));
  return jsonObject(random, depth);
}

export function jsonObject(random: Random, depth = 0): Record<string, unknown> {
  const made: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let n = random.below(5); n > 0; n -= 1) made[random.pick(KEYS)] = jsonValue(random, depth + 1);
  return made;
}

export function text(random: Random): string {
  return random.pick(TEXTS);
}

/** JSON that is none, or is of a kind that parsers stumble over. */
export function brokenJson(random: Random): string | Buffer {
  return random.pick<() => string | Buffer>([
    () => '{',
    () => '{"a":',
    () => '[]]',
    () => 'NaN',
    () => '{"a":1,"a":2}',
    () => '"\\ud800"',
    () => Buffer.from('"\xff\xfe"', 'latin1'),
    () => `${'['.repeat(3000)}`,
    () => `${'['.repeat(3000)}${']'.repeat(3000)}`,
    () => `{"a":${'9'.repeat(5000)}}`,
    () => '\ufeff{}',
    () => `{"usernames": ["${'z'.repeat(70_000)}"]}`,
    () => random.bytes(random.below(400)),
  ])();
}
