/**
 * Services written for JupyterHub run against our built hub unchanged: jupyterhub-idle-culler, and JupyterHub 6.1.1's
 * own whoami examples (handler and OAuth) from its source package. A managed service finds the environment that the
 * real hub gives it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';
import { type Answer, Client } from '../e2e/client.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { freePorts } from '../support/ports.js';
import { ensureExamples, ensureVenv, startRealHub } from './peers.js';

const ADMIN_TOKEN = 'admin-token-of-the-services-test';

let hub: HubProcess;
let python: string;

beforeAll(async () => {
  const venv = await ensureVenv();
  const whoami = join(await ensureExamples(), 'service-whoami');
  python = venv.python;
  const ports = await freePorts(3);
  const service = (name: string, script: string, port: number | undefined, more: object = {}) => ({
    name,
    url: `http://127.0.0.1:${port}`,
    command: [python, join(whoami, script)],
    ...more,
  });
  const services = [
    service('whoami-api', 'whoami.py', ports[0], { display: false }),
    service('whoami-oauth', 'whoami-oauth.py', ports[1]),
    service('whoami-quiet', 'whoami-oauth.py', ports[2], { oauth_no_confirm: true }),
    {
      name: 'jupyterhub-idle-culler-service',
      command: [python, '-m', 'jupyterhub_idle_culler', '--timeout=3', '--cull-every=1'],
    },
  ];
  const roles = [
    { name: 'user', scopes: ['access:services', 'self'] },
    {
      name: 'jupyterhub-idle-culler-role',
      scopes: ['list:users', 'read:users:activity', 'read:servers', 'delete:servers'],
      services: ['jupyterhub-idle-culler-service'],
    },
  ];
  hub = await startHub({
    config: `
      c.JupyterHub.services = ${JSON.stringify(services)};
      c.JupyterHub.load_roles = ${JSON.stringify(roles)};
      c.JupyterHub.activity_resolution = 0;
      c.JupyterHub.api_tokens = { '${ADMIN_TOKEN}': 'root' };
      c.Authenticator.admin_users = new Set(['root']);
    `,
    readyTimeoutMs: 90_000,
  });
  await served('/services/whoami-quiet/', 302);
});
afterAll(() => hub?.[Symbol.asyncDispose]());

/** The hub answers before its services do. */
async function served(path: string, status: number): Promise<void> {
  let last = 0;
  for (const end = Date.now() + 30_000; last !== status; await delay(100)) {
    last = (await new Client(hub.url).get(path, false)).status;
    if (Date.now() > end) throw new Error(`${path}: ${last}\n${await hub.log()}`);
  }
}

async function api(path: string): Promise<JsonValue> {
  const response = await fetch(`${hub.url}/hub/api${path}`, {
    headers: { Authorization: `token ${ADMIN_TOKEN}` },
  });
  return (await response.json()) as JsonValue;
}

function jsonIn(answer: Answer): JsonObject {
  const value: unknown = JSON.parse(answer.text);
  if (!isJsonObject(value)) throw new Error(answer.text);
  return value;
}

/** The hidden and checked fields of the confirmation page, as its button sends them. */
function confirmation({ text }: Answer): Record<string, string> {
  const inputs = [...text.matchAll(/<input\b[^>]*>/g)].map(([tag]) => ({
    name: /\bname="([^"]*)"/.exec(tag)?.[1] ?? '',
    value: /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '',
  }));
  return Object.fromEntries(inputs.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]));
}

describe("JupyterHub's whoami examples", () => {
  it('tell who a token belongs to', async () => {
    await served('/services/whoami-api/', 403);
    const response = await fetch(`${hub.url}/services/whoami-api/`, {
      headers: { Authorization: `token ${ADMIN_TOKEN}` },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ kind: 'user', name: 'root', admin: true });
  });

  it('sign a browser in by OAuth, asking once', async () => {
    const browser = new Client(hub.url);
    await browser.signIn('ann');
    const asked = await browser.get('/services/whoami-oauth/');
    expect(asked.url).toContain('/hub/api/oauth2/authorize');
    expect(asked.text).toContain('JupyterHub service whoami-oauth');
    const answer = await browser.post(asked.url, confirmation(asked));
    expect(jsonIn(answer)).toMatchObject({ kind: 'user', name: 'ann' });
    expect(new URL(answer.url).pathname).toBe('/services/whoami-oauth/');
    expect(jsonIn(await browser.get('/services/whoami-oauth/'))).toMatchObject({ name: 'ann' });
  });

  it('ask nobody with oauth_no_confirm', async () => {
    const browser = new Client(hub.url);
    await browser.signIn('ann');
    expect(jsonIn(await browser.get('/services/whoami-quiet/'))).toMatchObject({ name: 'ann' });
  });

  it('send who is not signed in to the hub', async () => {
    const answer = await new Client(hub.url).get('/services/whoami-oauth/');
    expect(new URL(answer.url).pathname).toBe('/hub/login');
  });

  it('stand in the navigation, unless they are not to be displayed', async () => {
    const browser = new Client(hub.url);
    await browser.signIn('ann');
    const { text } = await browser.get('/hub/home');
    expect(text).toContain('href="/services/whoami-oauth/"');
    expect(text).not.toContain('whoami-api');
  });

  it('are described by the API, with the pid of their process', async () => {
    const services = await api('/services');
    expect(services).toMatchObject({
      'whoami-oauth': {
        prefix: '/services/whoami-oauth/',
        display: true,
        command: [python, expect.any(String)],
      },
      'jupyterhub-idle-culler-service': { prefix: '', url: '', roles: ['jupyterhub-idle-culler-role'] },
    });
    const { pid } = (services as Record<string, JsonObject>)['whoami-oauth'] ?? {};
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('whoami-oauth.py');
    expect(await api('/proxy')).toMatchObject({
      '/services/whoami-oauth/': { data: { service: 'whoami-oauth' } },
    });
  });
});

describe('services made by the API', () => {
  const call = (method: string, path: string, token: string, body?: object): Promise<Response> =>
    fetch(`${hub.url}/hub/api${path}`, {
      method,
      headers: { Authorization: `token ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('get no more than the token that makes them holds', async () => {
    const made = await call('POST', '/users/root/tokens', ADMIN_TOKEN, { scopes: ['admin:services'] });
    const { token } = (await made.json()) as { readonly token: string };
    const asAdmin = await call('POST', '/services/climber', token, {
      admin: true,
      api_token: 'climber-token',
    });
    expect(asAdmin.status).toBe(400);
    const client = { url: 'http://127.0.0.1:9', oauth_client_allowed_scopes: ['read:users'] };
    expect((await call('POST', '/services/climber', token, client)).status).toBe(400);
    const nobody = { ...client, oauth_client_allowed_scopes: ['read:users!user='] };
    const refused = await call('POST', '/services/climber', ADMIN_TOKEN, nobody);
    expect(await refused.json()).toMatchObject({
      status: 400,
      message: 'Empty string is not a valid filter: read:users!user=',
    });
    expect((await call('GET', '/services/climber', ADMIN_TOKEN)).status).toBe(404);
    expect((await call('GET', '/user', 'climber-token')).status).toBe(403);
  });

  it("cannot take another service's OAuth client", async () => {
    const body = { oauth_client_id: 'service-whoami-oauth', oauth_redirect_uri: 'http://evil.example/' };
    expect((await call('POST', '/services/thief', ADMIN_TOKEN, body)).status).toBe(400);
    expect((await call('GET', '/services/thief', ADMIN_TOKEN)).status).toBe(404);
  });

  it('have their route and rights at once, and lose them when they are removed', async () => {
    const body = { url: 'http://127.0.0.1:9', admin: true, api_token: 'token-of-the-made-one' };
    const made = await call('POST', '/services/made', ADMIN_TOKEN, body);
    expect(made.status).toBe(201);
    expect(await made.json()).toMatchObject({ name: 'made', admin: true, roles: ['admin'], pid: 0 });
    expect(await api('/proxy')).toMatchObject({ '/services/made/': { target: 'http://127.0.0.1:9' } });
    expect((await call('GET', '/users', 'token-of-the-made-one')).status).toBe(200);
    expect((await call('DELETE', '/services/made', ADMIN_TOKEN)).status).toBe(200);
    expect((await call('GET', '/users', 'token-of-the-made-one')).status).toBe(403);
    expect(Object.keys((await api('/proxy')) as JsonObject)).not.toContain('/services/made/');
    expect((await call('DELETE', '/services/whoami-oauth', ADMIN_TOKEN)).status).toBe(405);
  });
});

describe('jupyterhub-idle-culler', () => {
  it('stops an idle server', async () => {
    const browser = new Client(hub.url);
    await browser.signIn('ida');
    await browser.startServer('ida');
    for (const end = Date.now() + 40_000; ; await delay(300)) {
      const user = await api('/users/ida');
      if (isJsonObject(user) && JSON.stringify(user['servers']) === '{}') break;
      if (Date.now() > end) throw new Error(`not culled: ${JSON.stringify(user)}\n${await hub.log()}`);
    }
    expect((await browser.get('/user/ida/')).status).toBe(424);
  });
});

describe('after a crash of the hub', () => {
  it('services are started anew and sign in again', async () => {
    const before = (await api('/services/whoami-oauth')) as JsonObject;
    await hub.kill9();
    await hub.start();
    await served('/services/whoami-quiet/', 302);
    await served('/services/whoami-oauth/', 302);
    const browser = new Client(hub.url);
    await browser.signIn('bob');
    expect(jsonIn(await browser.get('/services/whoami-quiet/'))).toMatchObject({ name: 'bob' });
    expect(((await api('/services/whoami-oauth')) as JsonObject)['pid']).not.toBe(before['pid']);
  });

  it('an orderly end stops them', async () => {
    const { pid } = (await api('/services/whoami-oauth')) as JsonObject;
    await hub.terminate();
    await expect(readFile(`/proc/${pid}/cmdline`)).rejects.toThrow('ENOENT');
  });
});

describe('the environment of a managed service', () => {
  it('is what the real hub gives', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'anteroom-service-env-'));
    const serve = 'HTTPServer(("127.0.0.1", int(sys.argv[2])), SimpleHTTPRequestHandler).serve_forever()';
    const tell = [
      'import json, os, sys, time',
      'from http.server import HTTPServer, SimpleHTTPRequestHandler',
      'json.dump(dict(os.environ), open(sys.argv[1], "w"))',
      `${serve} if len(sys.argv) > 2 else time.sleep(600)`,
    ].join('\n');
    const [port] = await freePorts(1);
    const services = [
      { name: 'bare', command: [python, '-c', tell, join(dir, 'bare.json')], environment: { MORE: 'x' } },
      {
        name: 'web',
        url: `http://127.0.0.1:${port}`,
        command: [python, '-c', tell, join(dir, 'web.json'), String(port)],
        oauth_client_allowed_scopes: ['read:users!user'],
        environment: { JUPYTERHUB_SERVICE_NAME: 'lost', JUPYTERHUB_USER: 'kept' },
      },
    ];
    const settings = {
      public_url: 'https://hub.example',
      tornado_settings: { cookie_options: { SameSite: 'Lax' } },
      services,
    };
    try {
      const inPython = Object.entries(settings).map(
        ([name, value]) => `c.JupyterHub.${name} = json.loads(${JSON.stringify(JSON.stringify(value))})`,
      );
      const config = ['import json', 'c.JupyterHub.authenticator_class = "dummy"', ...inPython].join('\n');
      const theirs = await startRealHub({ dir, config });
      const real = await told(dir);
      await theirs[Symbol.asyncDispose]();
      for (const { name } of services) await rm(join(dir, `${name}.json`));
      const inOurs = Object.entries(settings).map(
        ([name, value]) => `c.JupyterHub.${name} = ${JSON.stringify(value)};`,
      );
      const { PATH = '' } = (await ensureVenv()).environment;
      const own = await startHub({ config: inOurs.join('\n'), env: { PATH } });
      const mine = await told(dir);
      await own.terminate();
      await own[Symbol.asyncDispose]();
      expect(mine).toEqual(real);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

/** What the two services were given, without what differs from hub to hub. */
async function told(dir: string): Promise<JsonObject> {
  const found: Record<string, JsonObject> = {};
  for (const name of ['bare', 'web']) {
    const environment = await written(join(dir, `${name}.json`));
    found[name] = Object.fromEntries(
      Object.entries(environment)
        .filter(([variable]) => !/^(ANTEROOM_|JUPYTERHUB_ACTIVITY_URL$)/.test(variable))
        .map(([variable, value]) => [
          variable,
          String(value)
            .replace(/^[0-9a-f]{32}$/, '{token}')
            .replace(/127\.0\.0\.1:\d{4,}/, '{hub}'),
        ]),
    );
  }
  return found;
}

async function written(path: string): Promise<JsonObject> {
  for (const end = Date.now() + 30_000; ; await delay(50)) {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as JsonObject;
    } catch (error) {
      if (Date.now() > end) throw error; // not there, or half written
    }
  }
}
