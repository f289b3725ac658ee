/** A proxy program (ours or CHP) as a process on free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Ask, ask, type Reply } from './http.js';
import { freePort } from './ports.js';

const TOKEN = 'a-token-of-the-tests';

export interface ProxyProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly port: number;
  readonly apiPort: number;
  readonly url: string;
  output(): string;
  api(path: string, options?: Ask): Promise<Reply>;
  addRoute(path: string, target: string, data?: object): Promise<void>;
  route(path: string): Promise<Record<string, unknown>>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Public listener on this UNIX socket instead of a port. */
  readonly socket?: string;
  /** `https` when the public side speaks TLS. */
  readonly scheme?: string;
  /** Where the API is, when `args` put it elsewhere than plainly on a port of its own. */
  readonly api?: {
    readonly scheme?: string;
    readonly port?: number;
    readonly socketPath?: string;
    readonly tls?: Ask['tls'];
  };
}

export async function startProxy(script: string, options: StartOptions = {}): Promise<ProxyProcess> {
  const port = await freePort();
  const apiPort = await freePort();
  const where = options.socket ? ['--socket', options.socket] : ['--ip', '127.0.0.1', '--port', String(port)];
  const child = spawn(
    process.execPath,
    [script, ...where, '--api-ip', '127.0.0.1', '--api-port', String(apiPort), ...(options.args ?? [])],
    {
      env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: TOKEN, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const { scheme: apiScheme = 'http', port: ownApiPort = apiPort, socketPath, tls } = options.api ?? {};
  const api = (path: string, how: Ask = {}): Promise<Reply> =>
    ask(`${apiScheme}://127.0.0.1:${ownApiPort}/`, {
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(tls === undefined ? {} : { tls }),
      ...how,
      path: `/api/routes${path}`,
      headers: { authorization: `token ${TOKEN}`, ...how.headers },
    });
  await untilUp(
    child,
    () => api('/'),
    () => text,
  );
  return {
    child,
    port,
    apiPort,
    url: `${options.scheme ?? 'http'}://127.0.0.1:${port}`,
    output: () => text,
    api,
    async addRoute(path, target, data = {}) {
      const reply = await api(path, { method: 'POST', body: JSON.stringify({ ...data, target }) });
      if (reply.status !== 201) throw new Error(`${reply.status} ${reply.body}`);
    },
    async route(path) {
      return JSON.parse((await api(path)).body) as Record<string, unknown>;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Runs to its end. */
export async function runProxy(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function untilUp(
  child: ChildProcess,
  probe: () => Promise<Reply>,
  output: () => string,
): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}: ${output()}`);
    const reply = await probe().catch(() => undefined);
    if (reply) return;
    await delay(50);
  }
  child.kill('SIGKILL');
  throw new Error(`the proxy did not come up: ${output()}`);
}
