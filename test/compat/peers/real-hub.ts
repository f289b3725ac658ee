import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Disposables } from '../../../core/lifecycle.js';
import { freePorts } from '../../support/ports.js';
import { start, stop, tail, until } from './child.js';
import { ensureVenv } from './install.js';

interface RealHubOptions {
  /** Its working directory: database, cookie secret, pid files and log live there. The caller owns it. */
  readonly dir: string;
  /**
   * Lines of Python for its jupyterhub_config.py, after the lines that set ports; the object is `c`. Without it
   * the authenticator is `dummy` with `allow_all`, the spawner `simple` with homes in `dir`.
   */
  readonly config?: string;
  /** Further command line, e.g. `['--upgrade-db']`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Another environment's `jupyterhub`. */
  readonly command?: string;
  /** Milliseconds until it must answer through its proxy. Default 120 000. */
  readonly readyMs?: number;
}

/** A real JupyterHub 6.1.1 with its own configurable-http-proxy. */
export interface RealHub extends AsyncDisposable {
  readonly pid: number;
  /** Public address, through the proxy, without a slash at its end. */
  readonly publicUrl: string;
  /** The hub's own address, without a slash at its end. */
  readonly hubUrl: string;
  readonly proxyApiUrl: string;
  readonly dir: string;
  /** The end of its log. */
  log(): string;
  /** Ends it: SIGTERM is an orderly stop (it stops servers and proxy unless configured otherwise). */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const DEFAULT_CONFIG = (dir: string): string => `
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(dir, 'homes', '{username}'))}
`;

/**
 * Starts JupyterHub and waits until its public port leads to it.
 * @throws Error with the end of its log when it ends or is not ready in time
 */
export async function startRealHub(options: RealHubOptions): Promise<RealHub> {
  const { dir, config = DEFAULT_CONFIG(dir), args = [], readyMs = 120_000 } = options;
  const venv = await ensureVenv();
  const [publicPort, hubPort, apiPort] = await freePorts(3);
  await mkdir(dir, { recursive: true });
  const ports = [
    `c.JupyterHub.bind_url = "http://127.0.0.1:${publicPort}"`,
    `c.JupyterHub.hub_port = ${hubPort}`,
    `c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${apiPort}"`,
  ];
  await writeFile(join(dir, 'jupyterhub_config.py'), `${ports.join('\n')}\n${config}\n`);
  const log = join(dir, 'jupyterhub.log');
  const child = start([options.command ?? venv.jupyterhub, ...args], log, {
    cwd: dir,
    env: { ...venv.environment, ...options.environment },
  });
  const owned = new Disposables();
  owned.defer(() => stop(child, 'SIGTERM', 30_000));
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  try {
    await until('JupyterHub', child, log, readyMs, () => answers(`${publicUrl}/hub/health`));
  } catch (error) {
    await owned[Symbol.asyncDispose]();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    publicUrl,
    hubUrl: `http://127.0.0.1:${hubPort}`,
    proxyApiUrl: `http://127.0.0.1:${apiPort}`,
    dir,
    log: () => tail(log, 20_000),
    stop: (signal = 'SIGTERM') => stop(child, signal, 30_000),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    // nobody listens yet
    () => false,
  );
}
