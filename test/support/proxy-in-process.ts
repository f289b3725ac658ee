/** The composed proxy in this process, on free ports, for tests that ask for an engine by name. */
import { Flags } from '../../proxy/server/flags.js';
import { ProxyLog } from '../../proxy/server/log.js';
import { logLevel, resolveOptions } from '../../proxy/server/options.js';
import { RoutingProxy } from '../../proxy/server/proxy.js';
import { ask } from './http.js';
import { freePort } from './ports.js';
import { engineFlags } from './ways.js';

export interface InProcess extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly lines: readonly string[];
  addRoute(path: string, target: string, data?: object): Promise<void>;
}

export async function proxyInProcess(way: string, ...argv: readonly string[]): Promise<InProcess> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const lines: string[] = [];
  const where = [
    '--ip',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--api-ip',
    '127.0.0.1',
    '--api-port',
    `${apiPort}`,
  ];
  const flags = Flags.parse([...where, ...engineFlags(way), '--log-level', 'warn', ...argv]);
  const log = new ProxyLog({ write: (line) => lines.push(line) }, logLevel(flags));
  const proxy = new RoutingProxy(resolveOptions(flags, {}), log);
  await proxy.provision();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    lines,
    async addRoute(path, target, data = {}) {
      const body = JSON.stringify({ ...data, target });
      const { status } = await ask(`http://127.0.0.1:${apiPort}/api/routes${path}`, { method: 'POST', body });
      if (status !== 201) throw new Error(`the route was not added: ${status}`);
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
