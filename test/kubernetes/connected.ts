import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import type { Kube } from '../../kube/api.js';
import { connect } from '../../kube/client.js';
import type { ConnectOptions } from '../../kube/connect.js';
import { type ApiServerOptions, startApiServer, type TestApiServer } from './server.js';

/** A test API server and a client of it. KUBECONFIG names the server as long as it lives. */
export interface Connected extends AsyncDisposable {
  readonly server: TestApiServer;
  readonly kube: Kube;
  /** Writes another kubeconfig to where KUBECONFIG points. */
  rewrite(token: string): Promise<void>;
  /** Another client, as whom the kubeconfig names now. */
  connect(options?: ConnectOptions): Promise<Kube>;
}

export async function connected(
  options: ConnectOptions = {},
  serverOptions: ApiServerOptions = {},
): Promise<Connected> {
  const server = await startApiServer(serverOptions);
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-kube-'));
  const file = join(folder, 'kubeconfig');
  await server.writeKubeconfig(file);
  const former = process.env['KUBECONFIG'];
  process.env['KUBECONFIG'] = file;
  const clients: Kube[] = [];
  const another = async (settings: ConnectOptions = options): Promise<Kube> => {
    const kube = await connect(settings, systemClock);
    clients.push(kube);
    return kube;
  };
  return {
    server,
    kube: await another(),
    connect: another,
    rewrite: (token) => server.writeKubeconfig(file, token),
    [Symbol.asyncDispose]: async () => {
      if (former === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = former;
      for (const kube of clients) await kube[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A small valid pod. */
export function podManifest(name: string, extra: Readonly<Record<string, unknown>> = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'test' } },
    spec: { containers: [{ name: 'notebook', image: 'example/image:1' }], ...extra },
  };
}
