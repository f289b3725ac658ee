/** A real JupyterHub and ours, each in a folder of its own with one and the same configuration file. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, launch, untilReady } from './processes.mjs';

const ROOT = join(import.meta.dirname, '../..');
const VENV = process.env.JUPYTERHUB_VENV ?? join(ROOT, '.cache/jupyterhub-venv');
const CHP = process.env.CHP_BIN ?? join(ROOT, '.cache/chp/node_modules/.bin');
/** Has every right: an admin's token made by each hub's own `token` command. */
const ADMIN = 'boss';

export const HUBS = ['jupyterhub', 'anteroom'];

const COMMANDS = {
  jupyterhub: () => [join(VENV, 'bin/jupyterhub')],
  anteroom: () => [process.execPath, ...nodeOptions(), join(ROOT, 'dist/cli/main.js')],
};

/** `ANTEROOM_NODE_OPTIONS='--cpu-prof'` and the like, for ours alone. */
function nodeOptions() {
  return (process.env.ANTEROOM_NODE_OPTIONS ?? '').split(' ').filter((each) => each !== '');
}

/** Compiles the server that stands for a user's. @returns its path */
export function makeMockServer(folder) {
  const program = join(folder, 'mock-server');
  execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'mock-server.c')], {
    stdio: 'inherit',
  });
  return program;
}

function configuration(folder, [publicPort, hubPort, apiPort], extra) {
  return {
    ...extra,
    JupyterHub: {
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      db_url: 'sqlite:///jupyterhub.sqlite',
      ...extra.JupyterHub,
    },
    Authenticator: { allow_all: true, admin_users: [ADMIN] },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    Spawner: { cmd: ['jupyterhub-singleuser'], ...extra.Spawner },
    SimpleLocalProcessSpawner: { home_dir_template: join(folder, 'homes', '{username}') },
    // Read by ours alone: benches may run as root.
    Anteroom: { allow_shared_uid: true },
  };
}

/**
 * Starts a hub with the proxy that it ships and waits until it answers.
 * @param extra settings beyond the common ones, by class
 * @returns `{ name, pid, origin, publicOrigin, token, start, stop, tail, logBytes }`; `origin` is the hub's own port,
 *   without a proxy before it; `stop` and `start` may follow each other
 */
export async function startHub(name, folder, extra = {}) {
  const command = COMMANDS[name]();
  for (const path of [command.at(-1), join(CHP, 'configurable-http-proxy')]) {
    if (!existsSync(path))
      throw new Error(`${path} is not there: npm run build, and npm run test:compat once`);
  }
  mkdirSync(folder, { recursive: true });
  const ports = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(folder, ports, extra)));
  const path = [join(VENV, 'bin'), CHP, process.env.PATH].join(delimiter);
  const options = { cwd: folder, env: { ...process.env, PATH: path }, logFile: join(folder, 'log') };
  const [program, ...args] = command;
  const made = await promisify(execFile)(program, [...args, 'token', ADMIN, '-f', 'config.json'], options);
  const hub = {
    name,
    origin: `http://127.0.0.1:${ports[1]}`,
    publicOrigin: `http://127.0.0.1:${ports[0]}`,
    token: made.stdout.trim(),
    logBytes: () => readFileSync(options.logFile).length,
    async start() {
      const child = launch([...command, '-f', 'config.json'], options);
      Object.assign(hub, { pid: child.pid, stop: child.stop, tail: child.tail });
      try {
        await untilReady(name, child, () => answers(`${hub.origin}/hub/api/user`, hub.token));
      } catch (error) {
        await child.stop();
        throw error;
      }
    },
  };
  await hub.start();
  return hub;
}

async function answers(url, token) {
  const response = await fetch(url, {
    headers: { authorization: `token ${token}` },
    signal: AbortSignal.timeout(2000),
  }).catch(() => undefined);
  return response?.ok ?? false;
}

/** One call of the API on the hub's own port. @throws Error for another status than expected */
export async function api(hub, path, { method = 'GET', body, token = hub.token, expect = 200 } = {}) {
  const response = await fetch(`${hub.origin}/hub/api${path}`, {
    method,
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (![expect].flat().includes(response.status))
    throw new Error(`${hub.name} ${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const AT_ONCE = 200;

export const userName = (index) => `user-${String(index).padStart(5, '0')}`;

/** Makes `count` users through the API, 200 in a request. */
export async function makeUsers(hub, count) {
  for (let first = 0; first < count; first += AT_ONCE) {
    const usernames = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) =>
      userName(first + at),
    );
    await api(hub, '/users', { method: 'POST', body: { usernames }, expect: 201 });
  }
}
