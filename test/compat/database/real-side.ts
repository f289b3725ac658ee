/**
 * The real JupyterHub's side of a database that it shares with ours: starts it there, asks what it sees of the rows of
 * `seed.ts`, has it write some of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { expect, onTestFinished } from 'vitest';
import { signValue } from '../../../core/wire/signed-value.js';
import { type RealHub, startRealHub } from '../peers.js';
import { ALICE_COOKIE_ID, COOKIE_SECRET, TOKENS } from './seed.js';

/** JupyterHub on a database; it ends with the test. */
export async function realHubOn(dir: string, url: string): Promise<RealHub> {
  // a bare postgresql:// means psycopg 3 to SQLAlchemy 2.1
  const driven = url.replace(/^postgresql:/, 'postgresql+psycopg2:');
  writeFileSync(join(dir, 'jupyterhub_cookie_secret'), `${COOKIE_SECRET}\n`);
  await chmod(join(dir, 'jupyterhub_cookie_secret'), 0o600);
  const hub = await startRealHub({
    dir,
    config: `
c.JupyterHub.db_url = ${JSON.stringify(driven)}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
`,
  });
  onTestFinished(() => hub[Symbol.asyncDispose]());
  return hub;
}

async function api(hub: RealHub, path: string, token: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${hub.publicUrl}/hub/api${path}`, {
    ...init,
    headers: { Authorization: `token ${token}`, ...init.headers },
    signal: AbortSignal.timeout(15_000),
  });
}

/** The answer of its REST API, which must be 200. */
export async function json(hub: RealHub, path: string, token: string): Promise<unknown> {
  const answer = await api(hub, path, token);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text);
}

/** What JupyterHub says of the rows of `database/seed.ts`. */
export async function expectRealHubToKnowAll(hub: RealHub): Promise<void> {
  expect(await json(hub, '/users?sort=name', TOKENS.root)).toMatchObject([
    {
      name: 'alice',
      admin: false,
      roles: ['user'],
      groups: ['class-1'],
      user_info: { email: 'älice@example.org' },
      servers: {},
    },
    // its process is gone: JupyterHub notices at its start and clears the row
    { name: 'bob', admin: false, roles: ['user'], groups: ['class-1'], servers: {}, server: null },
    { name: 'root', admin: true, roles: expect.arrayContaining(['admin', 'user']), groups: [] },
  ]);
  expect(await json(hub, '/users/alice?include_stopped_servers=1', TOKENS.root)).toMatchObject({
    created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    servers: {
      '': { display_name: '', stopped: true },
      gpu: {
        display_name: 'Für Großes',
        user_options: { profile: 'gpu', nodes: [1, 2.5, null, true] },
        stopped: true,
      },
    },
  });
  expect(await json(hub, '/groups/class-1', TOKENS.root)).toEqual({
    kind: 'group',
    name: 'class-1',
    roles: [],
    users: ['alice', 'bob'],
    properties: { room: 7, naïve: '☃' },
  });
  expect(await json(hub, '/shares/alice/gpu', TOKENS.root)).toMatchObject({
    items: [{ user: { name: 'bob' }, scopes: ['access:servers!server=alice/gpu'] }],
  });
  // a stretched hash, and scopes cut down to what its owner holds
  expect(await json(hub, '/user', TOKENS.alice)).toMatchObject({
    name: 'alice',
    scopes: expect.arrayContaining(['read:users:name!user=alice']),
  });
  expect((await api(hub, '/user', TOKENS.bob)).status, 'an expired token').toBe(403);
  expect((await api(hub, '/user', TOKENS.root.replace('a', 'b'))).status, 'another token').toBe(403);
}

/** A login cookie that ours would have set is good at JupyterHub. */
export async function expectLoginCookieToHold(hub: RealHub): Promise<void> {
  const secret = Buffer.from(COOKIE_SECRET, 'hex');
  const signed = signValue(secret, 'jupyterhub-hub-login', ALICE_COOKIE_ID, Date.now() / 1000);
  const cookie = `jupyterhub-hub-login="${signed}"; jupyterhub-session-id=0123456789abcdef0123456789abcdef`;
  // not fetch: it says `Sec-Fetch-Mode: cors`, and JupyterHub then asks for an XSRF token
  const answer = await request(`${hub.publicUrl}/hub/api/user`, { headers: { cookie } });
  expect(await answer.body.json()).toMatchObject({ name: 'alice' });
}

/** Has JupyterHub write: a user, a group, a token, a named server. @returns the token */
export async function haveRealHubWrite(hub: RealHub): Promise<string> {
  const post = (path: string, body: unknown) =>
    api(hub, path, TOKENS.root, { method: 'POST', body: JSON.stringify(body) });
  expect((await post('/users', { usernames: ['carol'] })).status).toBe(201);
  expect((await post('/groups', { groups: ['class-2'], users: ['carol'] })).status).toBe(201);
  const put = await api(hub, '/users/carol/servers/lab', TOKENS.root, {
    method: 'PUT',
    body: JSON.stringify({ display_name: 'Labor', user_options: { ü: 1 } }),
  });
  expect(put.status).toBe(201);
  const made = await post('/users/carol/tokens', { note: 'by JupyterHub', scopes: ['read:users!user'] });
  expect(made.status).toBe(201);
  const { token } = (await made.json()) as { token: string };
  return token;
}

/** The proxy outlives a killed hub; it is ended by the pid that the hub wrote down. */
export async function kill(hub: RealHub): Promise<void> {
  await hub.stop('SIGKILL');
  process.kill(Number(readFileSync(join(hub.dir, 'jupyterhub-proxy.pid'), 'utf8')), 'SIGTERM');
}
