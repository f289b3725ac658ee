import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

/**
 * What no client should send, byte by byte, at the hub's own port and through the proxy: refused with 4xx, in the error
 * shape of JupyterHub where the hub answers for its API, and nobody else notices.
 */
const TOKEN = 'e2e0hostile0token0000000000000000';
const ANSWER_MS = 10_000;
let hub: HubProcess;

beforeAll(async () => {
  hub = await startHub({
    config: `
      c.Authenticator.admin_users = new Set(['root']);
      c.JupyterHub.api_tokens = { '${TOKEN}': 'root' };
    `,
  });
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
});

/** A request in Latin-1, so that a test may write any byte. */
function message(line: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  return [line, 'Host: hub.example', 'Connection: close', ...headers, ...length, '', body].join('\r\n');
}

const get = (path: string, ...headers: readonly string[]): string => message(`GET ${path} HTTP/1.1`, headers);
const authorized = (path: string): string => get(path, `Authorization: token ${TOKEN}`);
const post = (body: string): string =>
  message('POST /hub/api/users HTTP/1.1', [`Authorization: token ${TOKEN}`], body);
const chunked = (more: string, body: string): string =>
  message('POST /hub/login HTTP/1.1', ['Transfer-Encoding: chunked', more].filter(Boolean)) + body;

/** Refused whatever way they come. */
const REFUSED: Readonly<Record<string, string>> = {
  'a TLS greeting': '\x16\x03\x01\x02\x00hello\r\n\r\n',
  'no host': 'GET /hub/api HTTP/1.1\r\nConnection: close\r\n\r\n',
  'an unknown method': message('FOO /hub/api HTTP/1.1'),
  'percent signs of nothing': get('/hub/api/users/%zz'),
  'a path that is no UTF-8': get('/hub/api/users/%ff%fe'),
  'a page path that is no UTF-8': get('/hub/user/%ff%fe'),
  'raw bytes in the path': get('/hub/api/users/\xff\xfe'),
  'NUL in the path': get('/hub/api/users/%00'),
  'a raw NUL in the path': get('/hub/api/users/\x00'),
  'NUL in a header': get('/hub/api', 'X-A: a\x00b'),
  'a header of 70 KB': get('/hub/api', `X-Big: ${'a'.repeat(70_000)}`),
  'a path of 65 KB': get(`/hub/api/${'a'.repeat(65_536)}`),
  'a path of 10 KB': get(`/hub/api/users/${'a'.repeat(10_000)}`),
  'a name from the prototype': authorized('/hub/api/users/__proto__'),
  'a query from the prototype': get('/hub/api/users?__proto__[admin]=1&constructor=2'),
  'both lengths': chunked('Content-Length: 4', '0\r\n\r\nGET /hub/smuggled HTTP/1.1\r\n\r\n'),
  'two lengths': `${message('POST /hub/login HTTP/1.1', ['Content-Length: 4', 'Content-Length: 5'])}abcd`,
  'another coding': `${message('POST /hub/login HTTP/1.1', ['Transfer-Encoding: xchunked'])}0\r\n\r\n`,
  'broken chunks': chunked('', 'zz\r\nabc\r\n0\r\n\r\n'),
  'a negative length': message('POST /hub/login HTTP/1.1', ['Content-Length: -1']),
  'half a JSON': post('{"a":'),
  'JSON that is no UTF-8': post('{"usernames":["\xff\xfe"]}'),
  'half a character': post('{"usernames":["\\ud800"]}'),
  'JSON without end': post('['.repeat(20_000)),
  'NUL in a name': post('{"usernames":["a\\u0000b"]}'),
  'a name of 100 KB': post(`{"usernames":["${'n'.repeat(100_000)}"]}`),
  'a body of 2 MB': post(`"${'x'.repeat(2 * 1024 * 1024)}"`),
  'an announced body of 1 GB': `${message('POST /hub/api/users HTTP/1.1', ['Content-Length: 1000000000'])}aaaa`,
  'bytes as a token': get('/hub/api/user', 'Authorization: Bearer \xff\xfe'),
  'a form that is no UTF-8': message(
    'POST /hub/login HTTP/1.1',
    ['Content-Type: application/x-www-form-urlencoded'],
    'username=\xff',
  ),
  'half an upload': message(
    'POST /hub/login HTTP/1.1',
    ['Content-Type: multipart/form-data; boundary=x'],
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nhi',
  ),
  'a grant of nonsense': message(
    'POST /hub/api/oauth2/token HTTP/1.1',
    [],
    'grant_type=%ff&code=%zz&client_id',
  ),
  'an encoded way out': get('/hub/static/..%2f..%2fetc/passwd'),
  'a page of no numbers': authorized('/hub/api/users?limit=ten&offset=1e3'),
  'an unknown state': authorized('/hub/api/users?state=%27;drop'),
};

/** Served as if they were plain: what is odd about them leads nowhere else. */
const HARMLESS: Readonly<Record<string, string>> = {
  'a page of numbers without bounds': authorized('/hub/api/users?limit=99999999999999999999&offset=-5'),
  'an absolute target': get('http://evil.example/hub/api'),
  'a host in the path': get('//evil.example/hub/login'),
  'a backslash in the path': get('/\\evil.example'),
  'a way out of static files': get('/hub/static/../../../etc/passwd'),
  'cookies that are none': get(
    '/hub/home',
    `Cookie: jupyterhub-hub-login="2|1:0|10:9|x"; _xsrf=%zz; a=\xff; ${'b=c; '.repeat(1000)}`,
  ),
  'a next of 10 KB': get(`/hub/login?next=${'a'.repeat(10_000)}`),
  'forwarded nonsense': get(
    '/hub/login',
    `X-Forwarded-For: ${'1.1.1.1,'.repeat(900)}`,
    'X-Scheme: javascript',
    `Forwarded: ${';'.repeat(3000)}`,
  ),
};

interface RawAnswer {
  /** 0: the connection was closed without a word. */
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

function send(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const finish = (): void => {
      const [headers = '', ...rest] = text.split('\r\n\r\n');
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1] ?? 0),
        headers,
        body: rest.join('\r\n\r\n'),
      });
    };
    socket.setTimeout(ANSWER_MS, () => {
      socket.destroy();
      reject(new Error(`no end of the answer: ${text.slice(0, 200)}`));
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    // A refusal may come before all was sent; what was answered until the reset counts.
    socket.on('error', finish);
    socket.on('close', finish);
    // Not half-closed: Node takes that for a client that has gone.
    socket.write(bytes, 'latin1');
  });
}

describe.each([
  ['at the hub itself', () => hub.hubPort],
  ['through the proxy', () => hub.port],
] as const)('%s', (_where, port) => {
  it.each(Object.entries(REFUSED))('%s is refused with 4xx', async (_what, bytes) => {
    const { status, headers, body } = await send(port(), bytes);
    expect(status, `${headers}\n${body.slice(0, 500)}`).toBeGreaterThanOrEqual(400);
    expect(status, body.slice(0, 500)).toBeLessThan(500);
    expect(body).not.toMatch(/\bat .*\.js:\d+/);
    expect(body.length).toBeLessThan(20_000);
    const byApi = /^x-jupyterhub-version:/im.test(headers) && /^\w+ \/hub\/api(?!\/oauth2)/.test(bytes);
    if (!byApi) return;
    expect(headers).toMatch(/^content-type: application\/json/im);
    const { message: words, ...rest } = JSON.parse(body) as { readonly message: unknown };
    expect(rest).toEqual({ status });
    expect(words === null || typeof words === 'string').toBe(true);
  });

  it.each(Object.entries(HARMLESS))('%s leads nowhere else', async (_what, bytes) => {
    const { status, headers, body } = await send(port(), bytes);
    expect(status).toBeGreaterThanOrEqual(200);
    expect(status).toBeLessThan(500);
    const location = /^location: (.*)$/im.exec(headers)?.[1]?.trim();
    if (location !== undefined) expect(new URL(location, 'http://hub.example').host).toBe('hub.example');
    expect(body).not.toContain('root:x:');
  });

  it('CONNECT opens no tunnel', async () => {
    const { status } = await send(port(), message('CONNECT evil.example:443 HTTP/1.1'));
    expect([0, 405]).toContain(status);
  });

  it('two thousand headers do no harm', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => `x-${index}: 1`);
    const { status } = await send(port(), get('/hub/api', ...many));
    expect([200, 431]).toContain(status);
  });
});

describe('after all of it', () => {
  it('the same process serves others, who got nothing that was smuggled', async () => {
    const client = new Client(hub.url);
    expect(await client.signIn('alice')).toBe(302);
    await client.startServer('alice');
    const users = await fetch(`${hub.url}/hub/api/users`, { headers: { authorization: `token ${TOKEN}` } });
    const names = ((await users.json()) as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name);
    expect(names.sort()).toEqual(['alice', 'root']);
    process.kill(hub.pid, 0);
    expect(await hub.log()).not.toContain('smuggled');
  });

  it('every line of the logs is bounded, printable, one event; none tells of a fault of ours', async () => {
    const folder = join(hub.folder, 'anteroom-logs');
    const logs = [await hub.log(), readFileSync(join(folder, 'proxy.log'), 'utf8')].join('\n');
    expect(readdirSync(folder)).toContain('proxy.log');
    for (const line of logs.split('\n').filter((each) => each !== '')) {
      expect(line.length, line).toBeLessThanOrEqual(1024);
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(line).toMatch(/^(\[[DIWEC] \d{4}-|\d{4}-\d{2}-\d{2}T)/);
      expect(line, line).not.toMatch(/^\[[EC] |: 5\d\d |status=5\d\d/);
      expect(line).not.toContain(TOKEN);
    }
  });
});
