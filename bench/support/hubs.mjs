/** A real JupyterHub and ours, each in a folder of its own with one and the same configuration file. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, launch, untilReady } from './processes.mjs';

const ROOT = join(import.meta.dirname, '../..');
const VENV = process.env.JUPYTERHUB_VENV ?? join(ROOT, '.cache/jupyterhub-venv');
const CHP = process.env.CHP_BIN ?? join(ROOT, '.cache/chp/node_modules/.bin');
/** Has every right: an admin's token made by each hub's own `token` command. */
const ADMIN = 'boss';

const COMMANDS = {
  jupyterhub: [join(VENV, 'bin/jupyterhub')],
  anteroom: [process.execPath, ...nodeOptions(), join(ROOT, 'dist/cli/main.js')],
};

/** `ANTEROOM_NODE_OPTIONS='--cpu-prof'` and the like, for ours alone. */
function nodeOptions() {
  return (process.env.ANTEROOM_NODE_OPTIONS ?? '').split(' ').filter((each) => each !== '');
}

function configuration(folder, [publicPort, hubPort, apiPort]) {
  return {
    JupyterHub: {
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      db_url: 'sqlite:///jupyterhub.sqlite',
    },
    Authenticator: { allow_all: true, admin_users: [ADMIN] },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    Spawner: { cmd: ['jupyterhub-singleuser'] },
    SimpleLocalProcessSpawner: { home_dir_template: join(folder, 'homes', '{username}') },
    // Read by ours alone: benches may run as root.
    Anteroom: { allow_shared_uid: true },
  };
}

/** @returns `{ name, pid, origin, token, stop }`; `origin` is the hub's own port, without a proxy before it */
export async function startHub(name, folder) {
  const command = COMMANDS[name];
  for (const path of [command.at(-1), join(CHP, 'configurable-http-proxy')]) {
    if (!existsSync(path))
      throw new Error(`${path} is not there: npm run build, and npm run test:compat once`);
  }
  mkdirSync(folder, { recursive: true });
  const ports = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(folder, ports)));
  const path = [join(VENV, 'bin'), CHP, process.env.PATH].join(delimiter);
  const options = { cwd: folder, env: { ...process.env, PATH: path }, logFile: join(folder, 'log') };
  const [program, ...args] = command;
  const made = await promisify(execFile)(program, [...args, 'token', ADMIN, '-f', 'config.json'], options);
  const hub = launch([...command, '-f', 'config.json'], options);
  const origin = `http://127.0.0.1:${ports[1]}`;
  const token = made.stdout.trim();
  try {
    await untilReady(name, hub, () => answers(`${origin}/hub/api/user`, token));
  } catch (error) {
    await hub.stop();
    throw error;
  }
  const logBytes = () => readFileSync(options.logFile).length;
  return { name, pid: hub.pid, origin, token, stop: hub.stop, tail: hub.tail, logBytes };
}

async function answers(url, token) {
  const response = await fetch(url, {
    headers: { authorization: `token ${token}` },
    signal: AbortSignal.timeout(2000),
  }).catch(() => undefined);
  return response?.ok ?? false;
}
