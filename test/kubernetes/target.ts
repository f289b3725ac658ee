import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentOptions } from './agent/world.js';
import { type NodeAgent, startNodeAgent } from './agent.js';
import { grantHub } from './deploy.js';
import { startApiServer, type TestApiServer } from './server.js';

/** On what the k8s suite runs. */
export interface Target extends AsyncDisposable {
  /** The test API server with its node agent; `undefined` on a real cluster. */
  readonly local: { readonly server: TestApiServer; readonly agent: NodeAgent } | undefined;
  /** Path for KUBECONFIG. */
  readonly kubeconfig: string;
  /** Where pods may be made. */
  readonly namespace: string;
  /** An image with `anteroom-singleuser` on its PATH. */
  readonly image: string;
  /** Host name or address at which pods reach a hub that runs here. */
  readonly hubHost: string;
}

const NEEDED: Readonly<Record<string, string>> = {
  ANTEROOM_TEST_IMAGE: 'an image that the nodes have or can pull, made by deploy/singleuser.Dockerfile',
  ANTEROOM_TEST_HUB_HOST: 'the address at which pods reach a hub that runs on this machine',
};

/** What a run on a real cluster lacks, a line each; empty without KUBECONFIG. */
function missingForCluster(env: NodeJS.ProcessEnv): string[] {
  if (!env['KUBECONFIG']) return [];
  return Object.entries(NEEDED)
    .filter(([name]) => !env[name])
    .map(([name, meaning]) => `${name}: ${meaning}`);
}

/** @throws Error when KUBECONFIG names a cluster and the rest is missing: nobody's cluster is tested on by accident */
export function requireForCluster(env: NodeJS.ProcessEnv): void {
  const missing = missingForCluster(env);
  if (missing.length > 0)
    throw new Error(
      `KUBECONFIG is set, so the tests run on that cluster; they also need:\n${missing.join('\n')}`,
    );
}

/** The cluster of KUBECONFIG, else a test API server with a node agent. */
export async function startTarget(agentOptions: Omit<AgentOptions, 'folder'> = {}): Promise<Target> {
  const { KUBECONFIG, ANTEROOM_TEST_IMAGE = '', ANTEROOM_TEST_HUB_HOST = '' } = process.env;
  if (KUBECONFIG) {
    requireForCluster(process.env);
    await readFile(KUBECONFIG);
    return {
      local: undefined,
      kubeconfig: KUBECONFIG,
      namespace: process.env['ANTEROOM_TEST_NAMESPACE'] ?? 'default',
      image: ANTEROOM_TEST_IMAGE,
      hubHost: ANTEROOM_TEST_HUB_HOST,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-cluster-'));
  const server = await startApiServer();
  const agent = await startNodeAgent(server, { ...agentOptions, folder: join(folder, 'node') });
  const kubeconfig = join(folder, 'kubeconfig');
  // with the rights of deploy/base and no others: a suite that passes shows that they suffice
  await server.writeKubeconfig(kubeconfig, grantHub(server, 'default'));
  return {
    local: { server, agent },
    kubeconfig,
    namespace: 'default',
    image: 'anteroom/singleuser:test',
    hubHost: '127.0.0.1',
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
