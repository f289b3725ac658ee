import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAccount } from '../../core/account.js';
import { systemClock } from '../../core/clock.js';
import type { StartupFault } from '../../core/fault.js';
import { type Log, silentLog } from '../../core/log.js';
import { processVariable } from '../../core/process.js';
import { ScopeRegistry } from '../../core/scopes/index.js';
import { compareToken } from '../../core/wire/tokens.js';
import { freePorts } from '../../test/support/ports.js';
import { ensureHubClient } from '../oauth/index.js';
import { placesOf } from '../places.js';
import { loadRoles, planRoles, Rights } from '../rbac/index.js';
import { openStore, type Store } from '../store/index.js';
import { readServiceSpec, Services, type ServicesDeps } from './index.js';

let store: Store;
let dir: string;
const registry = new ScopeRegistry();
const opened: Services[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anteroom-services-'));
  store = await openStore({ url: 'sqlite://', clock: systemClock, log: silentLog });
  const { plan } = planRoles({ loadRoles: [], customScopes: {}, extraUserScopes: [] }, registry);
  await loadRoles(store, plan, { resetManaged: false, log: silentLog });
  await ensureHubClient(store);
});

afterEach(async () => {
  for (const services of opened.splice(0)) await services[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

function make(
  services: readonly unknown[],
  serviceTokens: Readonly<Record<string, string>> = {},
  more: Partial<ServicesDeps> = {},
): Services {
  const made = new Services({
    store,
    rights: new Rights({ store, registry, log: silentLog }),
    settings: {
      services,
      serviceTokens,
      trustedTokens: false,
      checkMs: 0,
      cwd: dir,
      outputDir: dir,
      outputBytes: 4096,
    },
    addresses: {
      baseUrl: '/',
      apiUrl: 'http://127.0.0.1:1/hub/api',
      publicHost: '',
      publicUrl: '',
      places: placesOf({ baseUrl: '/', publicUrl: '', subdomainHost: '', hook: 'idna' }),
    },
    hubEnvironment: { PATH: process.env['PATH'], SECRET_OF_THE_HUB: 'x' },
    clock: systemClock,
    log: silentLog,
    ...more,
  });
  opened.push(made);
  return made;
}

async function load(...args: Parameters<typeof make>): Promise<Services> {
  const services = make(...args);
  await services.load();
  return services;
}

async function rolesOf(name: string): Promise<readonly string[]> {
  const record = await store.services.byName(name);
  return (await store.roles.of('service', record?.id ?? 0)).map((role) => role.name);
}

async function tokenScopesOf(name: string): Promise<readonly (readonly string[])[]> {
  const record = await store.services.byName(name);
  return (await store.tokens.byOwner({ serviceId: record?.id ?? 0 })).map(({ scopes }) => scopes);
}

async function until(what: () => Promise<boolean> | boolean, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !(await what()); await delay(20)) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
  }
}

const external = { name: 'ext', url: 'http://127.0.0.1:9', api_token: 'token-of-ext' };

describe('services of the configuration', () => {
  it('become rows with server, client and token', async () => {
    const services = await load([external]);
    const record = await store.services.byName('ext');
    expect(record).toMatchObject({
      url: 'http://127.0.0.1:9',
      fromConfig: true,
      oauthClientId: 'service-ext',
      server: { proto: 'http', ip: '127.0.0.1', port: 9, baseUrl: '/services/ext/' },
    });
    const client = await store.oauth.client('service-ext');
    expect(client).toMatchObject({
      description: 'JupyterHub service ext',
      redirectUri: '/services/ext/oauth_callback',
      allowedScopes: ['access:services!service=ext'],
    });
    expect(compareToken(client?.secret ?? '', 'token-of-ext')).toBe(true);
    const [token] = await store.tokens.byOwner({ serviceId: record?.id ?? 0 });
    expect(token).toMatchObject({ note: 'from config', scopes: ['inherit'] });
    expect(services.routes()).toEqual([
      { spec: '/services/ext/', target: 'http://127.0.0.1:9', data: { service: 'ext' } },
    ]);
    expect(services.get('ext')).toMatchObject({ prefix: '/services/ext/', pid: 0, display: true, info: {} });
  });

  it('have hosts of their own under subdomain_host', async () => {
    const subdomainHost = 'http://hub.test:8000';
    const services = await load(
      [
        external,
        {
          name: 'own',
          url: 'http://127.0.0.1:9',
          api_token: 'token-of-own',
          oauth_redirect_uri: '/elsewhere',
        },
      ],
      {},
      {
        addresses: {
          baseUrl: '/',
          apiUrl: 'http://127.0.0.1:1/hub/api',
          publicHost: subdomainHost,
          publicUrl: `${subdomainHost}/`,
          places: placesOf({ baseUrl: '/', publicUrl: `${subdomainHost}/`, subdomainHost, hook: 'idna' }),
        },
      },
    );
    expect(services.get('ext')).toMatchObject({
      prefix: '/services/ext/',
      href: '//ext--service.hub.test:8000/services/ext/',
      route: { spec: 'ext--service.hub.test/services/ext/' },
    });
    expect(await store.oauth.client('service-ext')).toMatchObject({
      redirectUri: 'http://ext--service.hub.test:8000/services/ext/oauth_callback',
    });
    expect(await store.oauth.client('service-own')).toMatchObject({ redirectUri: '/elsewhere' });
  });

  it('keep their token over starts, and their row', async () => {
    await load([external]);
    const before = await store.services.byName('ext');
    const [token] = await store.tokens.byOwner({ serviceId: before?.id ?? 0 });
    await load([external]);
    expect(await store.tokens.byOwner({ serviceId: before?.id ?? 0 })).toEqual([token]);
  });

  it('go with their rows when the configuration no longer names them', async () => {
    await load([external]);
    await load([]);
    expect(await store.services.all()).toEqual([]);
    expect(await store.oauth.client('service-ext')).toBeUndefined();
  });

  it('lose their client and server when they no longer need one', async () => {
    await load([external]);
    await load([{ name: 'ext' }]);
    expect(await store.services.byName('ext')).toMatchObject({
      server: null,
      oauthClientId: null,
      url: null,
    });
    expect(await store.oauth.client('service-ext')).toBeUndefined();
  });

  it('may hand their client on to another name', async () => {
    await load([external]);
    await load([{ ...external, name: 'renamed', oauth_client_id: 'service-ext' }]);
    expect((await store.services.all()).map(({ name, oauthClientId }) => [name, oauthClientId])).toEqual([
      ['renamed', 'service-ext'],
    ]);
  });

  it('hold the admin role while they are described as administrators, no longer', async () => {
    await load([{ name: 'a', admin: true }]);
    expect(await rolesOf('a')).toEqual(['admin']);
    await load([{ name: 'a' }]);
    expect(await rolesOf('a')).toEqual([]);
  });

  it('are made for service_tokens, and stay while a token names them', async () => {
    const services = await load([], { 'token-of-bare': 'bare' });
    const record = await store.services.byName('bare');
    await load([], { 'token-of-bare': 'bare' });
    expect(await store.services.byName('bare')).toEqual(record);
    // as in JupyterHub, the list of services does not show it
    expect(services.list()).toEqual([]);
    await load([]);
    expect(await store.services.byName('bare')).toBeUndefined();
  });

  it('take oauth_roles for the scopes of their client', async () => {
    await load([{ ...external, oauth_roles: ['user', 'nope'] }]);
    expect((await store.oauth.client('service-ext'))?.allowedScopes).toEqual([
      'access:services!service=ext',
      'self',
    ]);
  });

  it('give their tokens the scopes of the role token, none that is there others', async () => {
    await load([], { 'token-of-bare': 'bare' });
    await store.roles.upsert({ name: 'token', description: null, scopes: ['read:users:name!user'] });
    const run = { name: 'run', admin: true, command: ['true'] };
    const services = await load([{ ...external, admin: true }, run], {
      'token-of-bare': 'bare',
      'token-of-other': 'other',
    });
    const api = readServiceSpec({ name: 'api', api_token: 'token-of-api' }, 'test').spec;
    if (api) await services.add(api);
    expect(await tokenScopesOf('ext')).toEqual([['read:users:name!user']]);
    expect(await tokenScopesOf('run')).toEqual([['read:users:name!user']]);
    expect(await tokenScopesOf('other')).toEqual([['read:users:name!user']]);
    expect(await tokenScopesOf('api')).toEqual([['read:users:name!user']]);
    expect(await tokenScopesOf('bare')).toEqual([['inherit']]);
  });

  it('stop the start where the role token exceeds what they hold', async () => {
    await store.roles.upsert({ name: 'token', description: null, scopes: ['list:users'] });
    const faulty = make(
      [
        { ...external, admin: true },
        { name: 'svc', api_token: 'token-of-svc' },
        { name: 'run', command: ['true'] },
      ],
      { 'token-of-bare': 'bare' },
    );
    const fault = await faulty.load().catch((error: unknown) => error);
    expect((fault as StartupFault).faults).toEqual(
      ['svc', 'run', 'bare'].map(
        (name) =>
          'c.JupyterHub.load_roles: role "token": Not assigning requested scopes ' +
          `list:users,read:users:name not held by Service ${name}`,
      ),
    );
    expect(await tokenScopesOf('ext')).toEqual([['list:users']]);
    expect((await store.services.all()).map(({ name }) => name).sort()).toEqual(['ext', 'run']);
    expect(await tokenScopesOf('run')).toEqual([]);
  });

  it('stop the start with every fault, before a row is written', async () => {
    const faulty = make([{ name: 'ok' }, { name: 'a', nope: 1 }, { name: 'b', admin: 2 }], { short: 'x' });
    const fault = await faulty.load().catch((error: unknown) => error);
    expect((fault as StartupFault).faults).toHaveLength(3);
    expect(await store.services.all()).toEqual([]);
  });
});

describe('services of the API', () => {
  function spec(value: object) {
    const read = readServiceSpec(value, 'test');
    if (!read.spec) throw new Error(read.faults.join());
    return read.spec;
  }

  it('live on over a restart and go when they are removed', async () => {
    const services = await load([]);
    expect(await services.add(spec(external))).toMatchObject({ name: 'ext', fromConfig: false });
    const again = await load([]);
    expect(again.routes()).toHaveLength(1);
    await again.remove('ext');
    expect(again.list()).toEqual([]);
    expect(await store.services.all()).toEqual([]);
    expect(await store.oauth.client('service-ext')).toBeUndefined();
  });

  it('are not made where the role token exceeds what they hold', async () => {
    const services = await load([]);
    await store.roles.upsert({ name: 'token', description: null, scopes: ['list:users'] });
    await expect(services.add(spec(external))).rejects.toMatchObject({ code: 'TOKEN_REQUEST', status: 400 });
    expect(await store.services.byName('ext')).toBeUndefined();
    expect(await store.oauth.client('service-ext')).toBeUndefined();
  });

  it('keep their row from the configuration, and the reverse', async () => {
    const services = await load([{ name: 'mine' }]);
    expect(await services.add(spec({ name: 'mine', admin: true }))).toBeUndefined();
    expect(await rolesOf('mine')).toEqual([]);
    await services.add(spec(external));
    const again = await load([{ name: 'ext', admin: true }]);
    expect(again.get('ext')).toMatchObject({ fromConfig: false });
    expect(await rolesOf('ext')).toEqual([]);
  });

  it("cannot take another service's client", async () => {
    const services = await load([external]);
    const thief = spec({ name: 'thief', oauth_client_id: 'service-ext', oauth_redirect_uri: 'http://evil/' });
    await expect(services.add(thief)).rejects.toMatchObject({ code: 'SERVICE_CLIENT_TAKEN', status: 400 });
    expect((await store.oauth.client('service-ext'))?.redirectUri).toBe('/services/ext/oauth_callback');
    expect(await store.services.byName('thief')).toBeUndefined();
  });
});

const SERVE = `
  import { createServer } from 'node:http';
  console.log('service speaks');
  const url = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  createServer((request, response) => response.end(request.url)).listen(url.port, url.hostname);
`;

function serving(port: number, more: object = {}) {
  return {
    name: 'run',
    url: `http://127.0.0.1:${port}`,
    command: [process.execPath, '--input-type=module', '-e', SERVE],
    ...more,
  };
}

describe('managed services', () => {
  it('are started with their environment, answer, and end with the hub', async () => {
    const [port = 0] = await freePorts(1);
    const services = await load([
      serving(port, { environment: { OWN: 'yes', JUPYTERHUB_SERVICE_NAME: 'no' } }),
    ]);
    await services.start();
    const pid = services.get('run')?.pid ?? 0;
    const variable = (name: string) => processVariable(pid, name);
    expect(await (await fetch(`http://127.0.0.1:${port}/services/run/x`)).text()).toBe('/services/run/x');
    expect(variable('OWN')).toBe('yes');
    expect(variable('JUPYTERHUB_SERVICE_NAME')).toBe('run');
    expect(variable('JUPYTERHUB_SERVICE_PREFIX')).toBe('/services/run/');
    expect(variable('JUPYTERHUB_ACTIVITY_URL')).toBeUndefined();
    expect(variable('SECRET_OF_THE_HUB')).toBeUndefined();
    expect(variable('HOME')).toBeUndefined();
    const [token] = await store.tokens.byOwner({ serviceId: (await store.services.byName('run'))?.id ?? 0 });
    expect(token?.note).toBe('generated at startup');
    expect(compareToken(token?.hashed ?? '', variable('JUPYTERHUB_API_TOKEN') ?? '')).toBe(true);
    await services.stop();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it('write to a file that is theirs alone', async () => {
    const [port = 0] = await freePorts(1);
    const services = await load([serving(port)]);
    await services.start();
    const { readdir } = await import('node:fs/promises');
    const [name = ''] = (await readdir(dir)).filter((each) => each.endsWith('.log'));
    expect(await readFile(join(dir, name), 'utf8')).toContain('service speaks');
    expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
  });

  it('have one generated token, that of the process that runs', async () => {
    const spec = { name: 'run', command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] };
    await load([spec]);
    await load([spec]);
    const record = await store.services.byName('run');
    expect(await store.tokens.byOwner({ serviceId: record?.id ?? 0 })).toHaveLength(1);
  });

  it('are started again when they end', async () => {
    const [port = 0] = await freePorts(1);
    const services = await load([serving(port)]);
    await services.start();
    const first = services.get('run')?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => ![0, first].includes(services.get('run')?.pid ?? 0));
    await until(async () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
  });

  it('that end by themselves say why in the log, without their token', async () => {
    const ends: Array<Readonly<Record<string, unknown>>> = [];
    const log: Log = {
      ...silentLog,
      child: () => log,
      error: (message, fields) => void (message === 'a service ended by itself' && ends.push(fields ?? {})),
    };
    const script = `
      require('fs').appendFileSync('runs', 'x');
      if (require('fs').statSync('runs').size > 1) process.exit(4);
      console.log('before');
      console.error('\u001b[31mno such port: %s\u001b[0m', process.env.JUPYTERHUB_API_TOKEN);
      process.exit(3);`;
    const spec = { name: 'run', api_token: 'token-of-run', command: [process.execPath, '-e', script] };
    const services = await load([spec], {}, { log });
    await services.start();
    await until(() => ends.length >= 2);
    const [first, second] = ends;
    expect(first).toMatchObject({ exitStatus: 3, output: 'before\nno such port: [token]' });
    expect(await readFile(String(first?.['logFile']), 'utf8')).toContain('no such port');
    // What it wrote before it was started again is no news.
    expect(second).toMatchObject({ exitStatus: 4, output: undefined });
  });

  it('that a crashed hub left behind make room for the new', async () => {
    const [port = 0] = await freePorts(1);
    const crashed = await load([serving(port)]);
    await crashed.start();
    opened.splice(0);
    const left = crashed.get('run')?.pid ?? 0;
    const services = await load([serving(port)]);
    await services.start();
    expect(services.get('run')?.pid).not.toBe(left);
    expect(processVariable(left, 'JUPYTERHUB_SERVICE_NAME')).toBeUndefined();
    await crashed.stop();
  });

  it.skipIf(process.getuid?.() !== 0)('become the account they are to run under (as root)', async () => {
    const [port = 0] = await freePorts(1);
    const services = await load([serving(port, { user: 'nobody', cwd: '/' })]);
    await services.start();
    const pid = services.get('run')?.pid ?? 0;
    const { uid, home } = (await findAccount('nobody')) ?? { uid: -1, home: '' };
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(status).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`);
    expect(processVariable(pid, 'USER')).toBe('nobody');
    expect(processVariable(pid, 'HOME')).toBe(home);
    expect(processVariable(pid, 'JUPYTERHUB_USER')).toBe('nobody');
  });

  it.each([
    ['ends before it answers', { command: [process.execPath, '-e', 'process.exit(3)'] }, 'status 3'],
    ['is not there', { command: ['/nowhere/at/all'] }, 'ENOENT'],
    ['has no such cwd', { cwd: '/nowhere/at/all' }, 'no directory'],
    ['has no such account', { user: 'nobody-of-that-name' }, 'no account'],
    ['never answers', { command: ['sleep', '60'], timeout: 1 }, "didn't respond"],
  ])('stop the start of the hub when one %s, and none is left', async (_how, more, message) => {
    const [port = 0, other = 0] = await freePorts(2);
    const services = await load([serving(port, more), serving(other, { name: 'well' })]);
    await expect(services.start()).rejects.toThrow(message);
    await expect(fetch(`http://127.0.0.1:${other}/`)).rejects.toThrow();
    expect(services.list().map(({ pid }) => pid)).toEqual([0, 0]);
  });
});

describe('external services', () => {
  it('that do not answer do not keep the hub from starting, and are looked at again', async () => {
    const warned: string[] = [];
    const log = { ...silentLog, child: () => log, warn: (message: string) => void warned.push(message) };
    const settings = { services: [], serviceTokens: {}, trustedTokens: false, cwd: dir, outputDir: dir };
    const [port = 0] = await freePorts(1);
    const services = await load(
      [],
      {},
      {
        log,
        settings: {
          ...settings,
          services: [{ name: 'ext', url: `http://127.0.0.1:${port}`, timeout: 1 }],
          checkMs: 50,
          outputBytes: 4096,
        },
      },
    );
    await services.start();
    await until(() => warned.filter((line) => line.includes('cannot connect')).length > 1);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    await until(() => asked.includes('/services/ext/'));
    await services.stop();
    server.close();
  });
});
