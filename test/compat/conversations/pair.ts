/** Real JupyterHub and our built hub, each started with the same traitlets JSON configuration in a folder of its own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Disposables } from '../../../core/lifecycle.js';
import { distScript } from '../../../core/package-root.js';
import { freePorts } from '../../support/ports.js';
import { start, stop, tail, until } from '../peers/child.js';
import { ensureVenv } from '../peers/install.js';

const READY_MS = 180_000;

export interface HubPorts {
  readonly hubPort: number;
  readonly publicPort: number;
  /** Working directory. */
  readonly folder: string;
}

interface Pair extends AsyncDisposable {
  readonly theirs: HubPorts;
  readonly ours: HubPorts;
  /** The end of both logs, to say why something failed. */
  logs(): string;
}

/**
 * @param configuration from a hub's folder, its ports (public, hub, proxy API) and a Python that has JupyterHub
 * @param isReady asked again and again; by default whether the health page answers over plain HTTP
 * @throws Error with the end of the log of the hub that did not come up
 */
export async function startPair(
  dir: string,
  configuration: (dir: string, ports: readonly number[], python: string) => object,
  isReady: (hub: HubPorts) => Promise<boolean> = answersPlainly,
): Promise<Pair> {
  const venv = await ensureVenv();
  const owned = new Disposables();
  const logs: string[] = [];
  const run = async (name: string, command: readonly [string, ...string[]]): Promise<HubPorts> => {
    const home = join(dir, name);
    await mkdir(home, { recursive: true });
    const ports = await freePorts(3);
    const [publicPort = 0, hubPort = 0] = ports;
    await writeFile(join(home, 'config.json'), JSON.stringify(configuration(home, ports, venv.python)));
    const log = join(home, 'hub.log');
    logs.push(log);
    const child = start([...command, '-f', 'config.json'], log, { cwd: home, env: venv.environment });
    owned.defer(() => stop(child, 'SIGTERM', 30_000));
    const hub = { hubPort, publicPort, folder: home };
    await until(name, child, log, READY_MS, () => isReady(hub));
    return hub;
  };
  try {
    const [theirs, ours] = [
      await run('jupyterhub', [venv.jupyterhub]),
      await run('anteroom', [process.execPath, distScript('cli/main.js')]),
    ];
    const said = (): string => logs.map((log) => tail(log, 4000)).join('\n\n');
    return { theirs, ours, logs: said, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
  } catch (error) {
    await owned[Symbol.asyncDispose]();
    throw error;
  }
}

function answersPlainly({ publicPort }: HubPorts): Promise<boolean> {
  return fetch(`http://127.0.0.1:${publicPort}/hub/health`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    // nobody listens yet
    () => false,
  );
}
