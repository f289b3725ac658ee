import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { distScript } from '../../core/package-root.js';
import { freePort } from '../support/ports.js';

/** The real hub as its own process, in a folder of its own, with its own proxy. */
export interface HubProcess extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly hubPort: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly pid: number;
  /** SIGKILL of the hub's own pid and nothing else; resolves when it is gone. */
  kill9(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  terminate(): Promise<number | null>;
  /** Starts it again in the same folder; resolves when it answers. */
  start(): Promise<void>;
  log(): Promise<string>;
}

export interface HubOptions {
  /** Lines of the config function's body, after ports and files are set; `c` is in scope. A function is told the public port. */
  readonly config?: string | ((port: number) => string);
  /** Application prefix. */
  readonly base?: string;
  /** `config` gives the proxy a certificate. */
  readonly tls?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Put in front of the hub's command line; must become it by exec. */
  readonly prefix?: readonly string[];
  readonly readyTimeoutMs?: number;
}

export async function startHub(options: HubOptions = {}): Promise<HubProcess> {
  const hub = await prepareHub(options);
  await hub.start();
  return hub;
}

/** Folder, ports and configuration, and nothing started. */
export async function prepareHub(options: HubOptions = {}): Promise<HubProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-e2e-'));
  const [port, hubPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const config = `
    export default function configure(c) {
      c.JupyterHub.bind_url = 'http://127.0.0.1:${port}${options.base ?? ''}';
      c.JupyterHub.hub_port = ${hubPort};
      c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:${apiPort}';
      c.JupyterHub.authenticator_class = 'dummy';
      c.JupyterHub.spawner_class = 'simple';
      c.Authenticator.allow_all = true;
      c.SimpleLocalProcessSpawner.home_dir_template = '${folder}/homes/{username}';
      c.Anteroom.allow_shared_uid = true;
      c.JupyterHub.cleanup_servers = false;
      c.JupyterHub.cleanup_proxy = false;
      ${typeof options.config === 'function' ? options.config(port) : (options.config ?? '')}
    }
  `;
  await writeFile(join(folder, 'jupyterhub_config.mjs'), config);
  return new RunningHub(folder, port, hubPort, options);
}

class RunningHub implements HubProcess {
  readonly folder: string;
  readonly port: number;
  readonly hubPort: number;
  readonly #options: HubOptions;
  #child: ChildProcess | undefined;

  constructor(folder: string, port: number, hubPort: number, options: HubOptions) {
    this.folder = folder;
    this.port = port;
    this.hubPort = hubPort;
    this.#options = options;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the hub is not running');
    return pid;
  }

  async start(): Promise<void> {
    const log = createWriteStream(join(this.folder, 'hub.log'), { flags: 'a' });
    const { prefix = [] } = this.#options;
    const [file = '', ...args] = [...prefix, process.execPath, distScript('cli/main.js')];
    const child = spawn(file, [...args, '-f', 'jupyterhub_config.mjs'], {
      cwd: this.folder,
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    const deadline = Date.now() + (this.#options.readyTimeoutMs ?? 30_000);
    while (Date.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error(`the hub exited with ${child.exitCode}:\n${await this.log()}`);
      if (await answers(`${this.url}${this.#options.base ?? '/'}hub/health`)) return;
      await delay(50);
    }
    throw new Error(`the hub did not answer in time:\n${await this.log()}`);
  }

  async kill9(): Promise<void> {
    const child = this.#running();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    this.#child = undefined;
  }

  async terminate(): Promise<number | null> {
    const child = this.#running();
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    this.#child = undefined;
    return child.exitCode;
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'hub.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await this.kill9();
    await killProcessesBelow(this.folder);
    await rm(this.folder, { recursive: true, force: true });
  }

  #running(): ChildProcess {
    if (!this.#child) throw new Error('the hub is not running');
    return this.#child;
  }
}

/** Whoever signed its certificate. */
function answers(url: string): Promise<boolean> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send(url, { agent: false, timeout: 2000, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('close', () => resolve(false));
    // nobody listens yet
    request.on('error', () => resolve(false));
    request.end();
  });
}

/** Ends what a test's hub left running on purpose: processes whose working directory or environment is the folder. */
async function killProcessesBelow(folder: string): Promise<void> {
  const { readdirSync, readFileSync, readlinkSync } = await import('node:fs');
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(entry) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
      if (environment.includes(folder) || readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)) {
        process.kill(Number(entry), 'SIGKILL');
      }
    } catch (error) {
      // A process that ended meanwhile, or one of another account: neither is this test's.
      if (!(error instanceof Error)) throw error;
    }
  }
}
