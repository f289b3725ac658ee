/** One file in traitlets' JSON form, run by real JupyterHub 6.1.1 and by `anteroom -f`: the same hub comes of it. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { Client } from '../e2e/client.js';
import { freePorts } from '../support/ports.js';
import { start, stop, until } from './peers/child.js';
import { ensureVenv } from './peers.js';

const ADMIN_TOKEN = 'a0'.repeat(16);
const READER_TOKEN = 'b1'.repeat(16);
const READY_MS = 60_000;
const SERVER_MS = 90_000;

/** Every kind of value that JSON has, in classes, their parents, and one that only ours knows. */
function configuration(ports: readonly number[], homes: string) {
  const [port, hubPort, apiPort] = ports;
  return {
    version: 1,
    JupyterHub: {
      bind_url: `http://127.0.0.1:${port}`,
      hub_port: hubPort,
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      load_roles: [
        {
          name: 'reader',
          description: 'reads names',
          scopes: ['list:users', 'read:users:name', 'read:users:groups'],
          users: ['carla'],
        },
      ],
      load_groups: { staff: { users: ['carla', 'dave'], properties: { floor: 3 } } },
      api_tokens: { [ADMIN_TOKEN]: 'root', [READER_TOKEN]: 'carla' },
      allow_named_servers: true,
      named_server_limit_per_user: 2,
      cookie_max_age_days: 1.5,
      tornado_settings: { headers: { 'X-Configured': 'in JSON' } },
    },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    Authenticator: {
      admin_users: ['root'],
      allowed_users: ['carla', 'dave', 'Erin'],
      username_map: { eve: 'erin' },
    },
    DummyAuthenticator: { password: 'one for all' },
    Spawner: { cmd: ['jupyterhub-singleuser'], args: ['--allow-root'], start_timeout: 80, http_timeout: 80 },
    SimpleLocalProcessSpawner: { home_dir_template: join(homes, '{username}') },
    Anteroom: { allow_shared_uid: true },
  };
}

interface Seen {
  readonly users: unknown;
  readonly reader: unknown;
  readonly readerSees: unknown;
  readonly header: string | null;
  readonly server: unknown;
  readonly signIn: readonly number[];
}

let dir: string;
let file: string;
let origin: string;
const seen: Record<string, Seen> = {};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anteroom-json-'));
  await chmod(dir, 0o711);
  const ports = await freePorts(3);
  origin = `http://127.0.0.1:${ports[0]}`;
  file = join(dir, 'config.json');
  await writeFile(file, JSON.stringify(configuration(ports, join(dir, 'homes')), null, 2));
  const venv = await ensureVenv();
  const programs = {
    theirs: [venv.jupyterhub, '-f', file],
    ours: [process.execPath, distScript('cli/main.js'), '-f', file],
  } as const;
  for (const [name, command] of Object.entries(programs)) {
    const cwd = join(dir, name);
    await mkdir(cwd);
    const log = join(cwd, 'hub.log');
    const child = start(command, log, { cwd, env: venv.environment });
    try {
      await until(name, child, log, READY_MS, healthy);
      seen[name] = await look();
    } finally {
      // Both stop servers and proxy at an orderly end, so that the next one finds the ports free.
      await stop(child, 'SIGTERM', 30_000);
    }
  }
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function healthy(): Promise<boolean> {
  return fetch(`${origin}/hub/health`).then(
    (answer) => answer.ok,
    // nobody listens yet
    () => false,
  );
}

const api = (path: string, token: string, method = 'GET'): Promise<Response> =>
  fetch(`${origin}/hub/api${path}`, { method, headers: { Authorization: `token ${token}` } });

async function look(): Promise<Seen> {
  const root = await api('', ADMIN_TOKEN);
  const server = await startServer('dave');
  return {
    users: byName(await (await api('/users', ADMIN_TOKEN)).json()),
    reader: await (await api('/user', READER_TOKEN)).json(),
    readerSees: byName(await (await api('/users', READER_TOKEN)).json()),
    header: root.headers.get('x-configured'),
    server,
    signIn: [
      await signIn('dave', 'one for all'),
      await signIn('eve', 'one for all'),
      await signIn('dave', 'another'),
      await signIn('mallory', 'one for all'),
    ],
  };
}

/** The server of the configured command, asked through the proxy when it is ready. */
async function startServer(name: string): Promise<unknown> {
  const asked = await api(`/users/${name}/server`, ADMIN_TOKEN, 'POST');
  expect([201, 202]).toContain(asked.status);
  for (const deadline = Date.now() + SERVER_MS; ; await delay(300)) {
    const user = (await (await api(`/users/${name}`, ADMIN_TOKEN)).json()) as {
      readonly server: string | null;
    };
    if (user.server !== null) break;
    if (Date.now() > deadline) throw new Error(`no server: ${JSON.stringify(user)}`);
  }
  const status = await fetch(`${origin}/user/${name}/api/status`, {
    headers: { Authorization: `token ${ADMIN_TOKEN}` },
  });
  return { status: status.status, keys: Object.keys((await status.json()) as object).sort() };
}

/** As a browser's form would. @returns the status: 302 when let in */
const signIn = (name: string, password: string): Promise<number> => new Client(origin).signIn(name, password);

/** Without what differs from run to run. */
function steady(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      ['created', 'last_activity', 'started', 'session_id', 'token_id', 'state'].includes(key)
        ? `<${key}>`
        : each,
    ),
  );
}

describe('one JSON configuration, two hubs', () => {
  it('makes the same users, roles and groups', () => {
    const { theirs, ours } = seen;
    expect(names(ours?.users)).toEqual(['carla', 'dave', 'erin', 'root']);
    expect(steady(ours?.users)).toEqual(steady(theirs?.users));
  });

  it('gives the same rights to the tokens in it', () => {
    const { theirs, ours } = seen;
    expect(names(ours?.readerSees)).toEqual(['carla', 'dave', 'erin', 'root']);
    expect(steady(ours?.readerSees)).toEqual(steady(theirs?.readerSees));
    const rights = (each: Seen | undefined) => {
      const { name, admin, groups, roles, scopes } = (each?.reader ?? {}) as Record<string, unknown>;
      return { name, admin, groups, roles, scopes: [...(scopes as string[])].sort() };
    };
    expect(rights(ours)).toMatchObject({ name: 'carla', groups: ['staff'] });
    expect(rights(ours).scopes).toEqual(expect.arrayContaining(['list:users']));
    expect(rights(theirs).scopes).toEqual(expect.arrayContaining(rights(ours).scopes));
  });

  it('starts the same server, sends the same header, lets the same people in', () => {
    const { theirs, ours } = seen;
    expect(ours?.header).toBe('in JSON');
    expect(theirs?.header).toBe('in JSON');
    expect(ours?.server).toMatchObject({ status: 200 });
    expect(ours?.server).toEqual(theirs?.server);
    expect(ours?.signIn).toEqual([302, 302, 403, 403]);
    expect(ours?.signIn).toEqual(theirs?.signIn);
  });
});

/** Python's sets have no order, so neither have the rows made from them. */
function byName(users: unknown): unknown {
  return [...(users as ReadonlyArray<{ readonly name: string }>)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function names(users: unknown): readonly string[] {
  return (users as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name).sort();
}
