/**
 * A pod that a real JupyterHub 6.1.1 with KubeSpawner 7 started goes on under our hub, which opens the same database, and
 * one of ours goes on under the real hub: same pod, same terminal server. On the cluster of KUBECONFIG, else on the test
 * API server, whose node runs pods as processes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { Disposables } from '../../core/lifecycle.js';
import { distScript } from '../../core/package-root.js';
import type { Kube } from '../../kube/api.js';
import { connect } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import { startHub } from '../e2e/hub-process.js';
import { startTarget, type Target } from '../kubernetes/target.js';
import { ensureKubeSpawner } from './peers/install.js';
import { startRealHub } from './peers.js';

const TOKEN = 'a-token-for-the-takeover';
const LIMIT = { timeout: 90_000, interval: 250 };

interface AnyHub {
  /** `http://127.0.0.1:PORT`, through its proxy. */
  readonly url: string;
  log(): string | Promise<string>;
  /** An orderly end that leaves servers alone. */
  end(): Promise<void>;
}

let owned: Disposables;
let target: Target;
let kube: Kube;
let dir: string;
let user: string;

beforeEach(async () => {
  owned = new Disposables();
  dir = await mkdtemp(join(tmpdir(), 'anteroom-takeover-'));
  owned.defer(() => rm(dir, { recursive: true, force: true }));
  const programs = { 'anteroom-singleuser': [process.execPath, distScript('terminal/server/main.js')] };
  target = owned.use(await startTarget({ programs }));
  // somebody else's pods may be there
  user = `takeover-${randomBytes(3).toString('hex')}`;
  const former = process.env['KUBECONFIG'];
  process.env['KUBECONFIG'] = target.kubeconfig;
  kube = owned.use(await connect({}, systemClock));
  if (former === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = former;
});
afterEach(() => owned[Symbol.asyncDispose]());

/** Where pods reach the hub. */
const hubPlace = (): Readonly<Record<string, string>> => ({
  hub_ip: target.local ? '127.0.0.1' : '0.0.0.0',
  hub_connect_ip: target.hubHost,
});
const settings = (end: string): string =>
  Object.entries(hubPlace())
    .map(([name, value]) => `c.JupyterHub.${name} = ${JSON.stringify(value)}${end}`)
    .join('\n');

const ROLE = { name: 'tests', services: ['tests'], scopes: ['admin:users', 'admin:servers', 'list:users'] };
const SERVICE = { name: 'tests', api_token: TOKEN };

async function real(): Promise<AnyHub> {
  const { python } = await ensureKubeSpawner();
  const hub = owned.use(
    await startRealHub({
      dir,
      command: join(dirname(python), 'jupyterhub'),
      environment: { KUBECONFIG: target.kubeconfig },
      config: `
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.services = [${JSON.stringify(SERVICE)}]
c.JupyterHub.load_roles = [${JSON.stringify(ROLE)}]
c.JupyterHub.cleanup_servers = False
c.JupyterHub.allow_named_servers = True
${settings('')}
c.KubeSpawner.namespace = "${target.namespace}"
c.KubeSpawner.image = "${target.image}"
c.KubeSpawner.cmd = ["anteroom-singleuser"]
c.KubeSpawner.poll_interval = 2
`,
    }),
  );
  return { url: hub.publicUrl, log: () => hub.log(), end: () => hub.stop() };
}

async function ours(): Promise<AnyHub> {
  const hub = owned.use(
    await startHub({
      env: { KUBECONFIG: target.kubeconfig },
      config: `
    c.JupyterHub.spawner_class = 'kubespawner';
    c.JupyterHub.db_url = 'sqlite:///${join(dir, 'jupyterhub.sqlite')}';
    c.JupyterHub.cookie_secret_file = '${join(dir, 'jupyterhub_cookie_secret')}';
    c.JupyterHub.services = [${JSON.stringify(SERVICE)}];
    c.JupyterHub.load_roles = [${JSON.stringify(ROLE)}];
    c.JupyterHub.upgrade_db = true;
    c.JupyterHub.allow_named_servers = true;
    ${settings(';')}
    c.KubeSpawner.namespace = '${target.namespace}';
    c.KubeSpawner.image = '${target.image}';
    c.KubeSpawner.cmd = ['anteroom-singleuser'];
    c.KubeSpawner.poll_interval = 2;
`,
    }),
  );
  return {
    url: hub.url,
    log: () => hub.log(),
    end: async () => {
      expect(await hub.terminate()).toBe(0);
    },
  };
}

it.each([
  ['the real hub', 'ours', real, ours],
  ['our hub', 'the real one', ours, real],
] as const)(
  'a pod of %s goes on under %s',
  async (_from, _to, first, second) => {
    const before = await first();
    expect((await api(before, 'POST', `users/${user}`)).status).toBe(201);
    expect((await api(before, 'POST', `users/${user}/servers/gpu`)).status).toBeLessThan(300);
    await untilReady(before);
    const made = await pods();
    expect(made).toHaveLength(1);
    await before.end();
    expect(await pods()).toEqual(made);

    const after = await second();
    await untilReady(after);
    expect(await pods()).toEqual(made);
    expect((await api(after, 'DELETE', `users/${user}/servers/gpu`)).status).toBeLessThan(300);
    await expect.poll(pods, LIMIT).toEqual([]);
  },
  240_000,
);

/** The uids of this run's pods. */
async function pods(): Promise<readonly (string | undefined)[]> {
  const { items } = await kube.list(PODS, { namespace: target.namespace });
  const own = items.filter(({ metadata }) => metadata.annotations?.['hub.jupyter.org/username'] === user);
  return own.map(({ metadata }) => metadata.uid);
}

async function untilReady(hub: AnyHub): Promise<void> {
  const ready = async (): Promise<unknown> => {
    const { text } = await api(hub, 'GET', `users/${user}`);
    return (JSON.parse(text) as { servers?: Record<string, { ready: boolean }> }).servers?.['gpu']?.ready;
  };
  await expect
    .poll(ready, LIMIT)
    .toBe(true)
    .catch(async (error: unknown) => {
      throw new Error(`the server is not ready: ${String(error)}\n${(await hub.log()).slice(-4000)}`);
    });
}

async function api(
  hub: AnyHub,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${hub.url}/hub/api/${path}`, {
    method,
    headers: { authorization: `token ${TOKEN}` },
  });
  return { status: response.status, text: await response.text() };
}
