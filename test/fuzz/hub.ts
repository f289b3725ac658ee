/** The hub under fire: the built program, with people of all kinds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Disposables } from '../../core/lifecycle.js';
import { distScript } from '../../core/package-root.js';
import { start, stop, tail, until } from '../compat/peers/child.js';
import { Client } from '../e2e/client.js';
import { freePorts } from '../support/ports.js';
import { type Memory, memoryOf } from './memory.js';
import type { Credentials } from './requests.js';

export const ADMIN_TOKEN = 'token-of-a-service-that-may-nearly-all';
const PEOPLE = ['alice', 'bob', 'carol'];

/** All of the role `admin` but `shutdown`, which would end the run, and `proxy`, by which the proxy could be lost. */
const NEARLY_ALL = [
  'admin:users',
  'admin:servers',
  'admin:services',
  'tokens',
  'admin:groups',
  'list:services',
  'read:services',
  'read:hub',
  'access:services',
  'access:servers',
  'read:roles',
  'read:metrics',
  'shares',
];

export interface FuzzedHub extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Of everybody, fresh: fire takes users and tokens away. */
  credentials(): Promise<Credentials>;
  templates(): Promise<readonly string[]>;
  memory(): Promise<Memory>;
  isAlive(): boolean;
  log(): string;
}

export async function startFuzzedHub(): Promise<FuzzedHub> {
  const dir = await mkdtemp(join(tmpdir(), 'anteroom-fuzz-'));
  const [publicPort = 0, port = 0, apiPort = 0, inspectPort = 0] = await freePorts(4);
  await writeFile(join(dir, 'config.json'), JSON.stringify(configuration(dir, [publicPort, port, apiPort])));
  const log = join(dir, 'hub.log');
  const command = [
    process.execPath,
    `--inspect=127.0.0.1:${inspectPort}`,
    distScript('cli/main.js'),
  ] as const;
  const child = start([...command, '-f', 'config.json'], log, { cwd: dir });
  const owned = new Disposables();
  owned.defer(() => rm(dir, { recursive: true, force: true }));
  owned.defer(() => stop(child, 'SIGTERM', 60_000));
  try {
    await until('the hub', child, log, 60_000, () =>
      fetch(`http://127.0.0.1:${publicPort}/hub/health`).then(
        (response) => response.ok,
        // nobody listens yet
        () => false,
      ),
    );
  } catch (error) {
    await owned[Symbol.asyncDispose]();
    throw error;
  }
  const origin = `http://127.0.0.1:${port}`;
  const pid = child.pid ?? 0;
  return {
    port,
    pid,
    credentials: () => credentialsAt(origin),
    templates: () => templatesAt(origin),
    memory: () => memoryOf(pid, inspectPort),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    log: () => tail(log, 5000),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function configuration(dir: string, [publicPort, hubPort, apiPort]: readonly number[]): object {
  return {
    JupyterHub: {
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      allow_named_servers: true,
      named_server_limit_per_user: 5,
      active_server_limit: 6,
      concurrent_spawn_limit: 3,
      services: [
        { name: 'nearly-all', api_token: ADMIN_TOKEN },
        { name: 'proxy-reader', api_token: 'token-of-a-service-that-sees-the-proxy' },
        { name: 'svc', api_token: 'token-of-a-service-without-rights' },
      ],
      load_roles: [
        { name: 'nearly-all', services: ['nearly-all'], scopes: NEARLY_ALL },
        {
          name: 'filtered',
          users: ['bob'],
          scopes: ['list:users!group=g1', 'servers!user=alice', 'groups!group=g2'],
        },
        { name: 'sharers', users: ['alice'], scopes: ['shares!user', 'read:users:name', 'read:groups:name'] },
      ],
      load_groups: { g1: { users: ['alice'] }, g2: { users: ['bob'] } },
      tornado_settings: { slow_spawn_timeout: 1, slow_stop_timeout: 1 },
      log_level: 40,
    },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    DummyAuthenticator: { allow_all: true, password: 'secret' },
    SimpleLocalProcessSpawner: { home_dir_template: join(dir, 'homes', '{username}') },
    Spawner: {
      cmd: [process.execPath, join(import.meta.dirname, 'stub-server.mjs')],
      // who listens to the progress of a start is answered until its end
      start_timeout: 10,
      http_timeout: 10,
    },
    Anteroom: { allow_shared_uid: true },
  };
}

async function ask(origin: string, method: string, path: string, json?: unknown): Promise<unknown> {
  const response = await fetch(`${origin}/hub/api${path}`, {
    method,
    headers: { Authorization: `token ${ADMIN_TOKEN}` },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const said = await response.text();
  if (response.status >= 500) throw new Error(`${method} ${path}: ${response.status} ${said}`);
  return said === '' ? undefined : JSON.parse(said);
}

async function credentialsAt(origin: string): Promise<Credentials> {
  const made: Record<string, Record<string, string>> = {
    nobody: {},
    ...Object.fromEntries(
      // of all others most is refused
      Array.from({ length: 12 }, (_each, n) => [
        `nearly all ${n}`,
        { Authorization: `${n % 2 ? 'Bearer' : 'token'} ${ADMIN_TOKEN}` },
      ]),
    ),
    service: { Authorization: 'token token-of-a-service-without-rights' },
    stranger: { Authorization: 'token 0123456789abcdef0123456789abcdef' },
  };
  await ask(origin, 'POST', '/users', { usernames: PEOPLE });
  for (const name of PEOPLE) {
    const { token } = (await ask(origin, 'POST', `/users/${name}/tokens`, {})) as { readonly token: string };
    made[name] = { Authorization: `token ${token}` };
  }
  const { token: limited } = (await ask(origin, 'POST', '/users/alice/tokens', {
    scopes: ['read:users:name!user'],
  })) as { readonly token: string };
  made['limited'] = { Authorization: `token ${limited}` };
  for (const name of ['alice', 'bob']) {
    const browser = new Client(origin);
    const status = await browser.signIn(name);
    if (status !== 302) throw new Error(`${name} could not sign in: ${status}`);
    await browser.get('/hub/home');
    const cookies = { Cookie: browser.cookieHeader('/hub/home') };
    made[`browser ${name}`] = cookies;
    made[`browser ${name} with XSRF`] = { ...cookies, 'X-XSRFToken': browser.cookie('_xsrf') ?? '' };
  }
  return made;
}

const FORMS = [
  '/login',
  '/spawn',
  '/spawn/{name}/{server_name}',
  '/stop/{name}',
  '/home',
  '/accept-share',
  '/security/csp-report',
];

const PAGES = [
  '',
  '/',
  '/home',
  '/spawn',
  '/spawn/{name}',
  '/spawn/{name}/{server_name}',
  '/spawn-pending/{name}',
  '/spawn-pending/{name}/{server_name}',
  '/stop/{name}',
  '/stop/{name}/{server_name}',
  '/login',
  '/logout',
  '/token',
  '/admin',
  '/accept-share',
  '/user/{name}',
  '/user/{name}/{server_name}/x',
  '/user-redirect/x',
  '/error/{code}',
  '/security/csp-report',
  '/health',
  '/metrics',
  '/logo',
  '/static/{file}',
  '/api/users/{name}/servers/',
  '/api/shares/{owner}/',
  '/api/nothing',
  '/nothing',
];

/** Every operation of the OpenAPI document but the one that would end the run, and the pages. */
async function templatesAt(origin: string): Promise<readonly string[]> {
  const document = (await ask(origin, 'GET', '/openapi.json')) as {
    readonly paths: Readonly<Record<string, object>>;
  };
  const api = Object.entries(document.paths)
    .filter(([path]) => path !== '/shutdown')
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} /api${path}`));
  return [...api, ...PAGES.map((path) => `GET ${path}`), ...FORMS.map((path) => `POST ${path}`)];
}
