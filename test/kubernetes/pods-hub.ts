import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { distScript } from '../../core/package-root.js';
import type { Kube } from '../../kube/api.js';
import { connect } from '../../kube/client.js';
import type { Pod } from '../../kube/objects.js';
import { PERSISTENT_VOLUME_CLAIMS, PODS, SECRETS } from '../../kube/resources.js';
import { Client } from '../e2e/client.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { type Relay, startRelay } from './relay.js';
import { startTarget, type Target } from './target.js';

/** On a real cluster a pod may have to wait for its node. */
export const LIMIT_MS = process.env['KUBECONFIG'] ? 120_000 : 60_000;
const ADMIN_TOKEN = 'a-token-for-the-tests-of-pods';
const NO_REGISTRY = 'registry.invalid/anteroom/not-there:1';

/** A hub on this machine whose servers are pods of the target, and what tests ask of both. */
export class PodsHub implements AsyncDisposable {
  readonly target: Target;
  /** The hub's way to the API server. `kube` has one of its own. */
  readonly line: Relay;
  readonly process: HubProcess;
  readonly kube: Kube;
  /** Part of every user's name: somebody else's pods may be there. */
  readonly run: string;

  readonly #folder: string;

  private constructor(target: Target, line: Relay, process: HubProcess, kube: Kube, folder: string) {
    this.target = target;
    this.line = line;
    this.process = process;
    this.kube = kube;
    this.run = randomBytes(3).toString('hex');
    this.#folder = folder;
  }

  static async start(): Promise<PodsHub> {
    const target = await startTarget({
      nodes: [{ name: 'node-1', memory: '64Gi' }],
      programs: { 'anteroom-singleuser': [process.execPath, distScript('terminal/server/main.js')] },
    });
    const folder = await mkdtemp(join(tmpdir(), 'anteroom-pods-hub-'));
    const env = { KUBECONFIG: join(folder, 'kubeconfig') };
    const line = await startRelay(target.kubeconfig, env.KUBECONFIG);
    const hub = await startHub({ config: configuration(target), env });
    const former = process.env['KUBECONFIG'];
    process.env['KUBECONFIG'] = target.kubeconfig;
    try {
      return new PodsHub(target, line, hub, await connect({}, systemClock), folder);
    } finally {
      if (former === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = former;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await this.line[Symbol.asyncDispose]();
    await this.kube[Symbol.asyncDispose]();
    await this.target[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The test API server. @throws Error on a real cluster */
  get local(): NonNullable<Target['local']> {
    if (!this.target.local) throw new Error('this test needs the test API server');
    return this.target.local;
  }

  user(name: string): string {
    return `${name}-${this.run}`;
  }

  /** The pods of this run's users. */
  async pods(): Promise<readonly Pod[]> {
    const { items } = await this.kube.list(PODS, { namespace: this.target.namespace });
    return items.filter((pod) => userOf(pod).endsWith(`-${this.run}`));
  }

  async podOf(user: string): Promise<Pod | undefined> {
    return (await this.pods()).find((pod) => userOf(pod) === user);
  }

  /** Posts a start that the cluster lets fail. @returns what its progress told */
  async failing(user: string, image: string): Promise<string> {
    expect((await this.api('POST', `users/${user}`)).status).toBe(201);
    await this.api('POST', `users/${user}/server`, { profile: 'other', image });
    const progress = await this.api('GET', `users/${user}/server/progress`);
    await expect.poll(() => this.podOf(user), { timeout: LIMIT_MS }).toBeUndefined();
    return progress.text;
  }

  async signedIn(user: string): Promise<Client> {
    const client = new Client(this.process.url);
    expect(await client.signIn(user)).toBe(302);
    return client;
  }

  async hasClaim(name: string): Promise<boolean> {
    const ref = { namespace: this.target.namespace, name };
    return (await this.kube.find(PERSISTENT_VOLUME_CLAIMS, ref)) !== undefined;
  }

  async hasSecret(name: string): Promise<boolean> {
    return (await this.kube.find(SECRETS, { namespace: this.target.namespace, name })) !== undefined;
  }

  /** Behind the hub's back. */
  async deletePod(pod: Pod): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata;
    await this.kube.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0 });
  }

  /** Stops every server of this run. */
  async stopAll(): Promise<void> {
    for (const pod of await this.pods()) await this.api('DELETE', `users/${userOf(pod)}/server`);
    await expect.poll(() => this.pods(), { timeout: LIMIT_MS }).toEqual([]);
  }

  async api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.process.url}/hub/api/${path}`, {
      method,
      headers: { authorization: `token ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** The user's servers as the API tells of them. */
  async serversOf(user: string): Promise<Readonly<Record<string, { readonly ready: boolean }>>> {
    const model = JSON.parse((await this.api('GET', `users/${user}`)).text) as {
      readonly servers: Readonly<Record<string, { readonly ready: boolean }>>;
    };
    return model.servers;
  }

  async untilReady(user: string): Promise<void> {
    await expect.poll(async () => (await this.serversOf(user))['']?.ready, { timeout: LIMIT_MS }).toBe(true);
  }

  /** Signs in and posts the form of profiles. */
  async begin(user: string, form: Readonly<Record<string, string>>): Promise<Client> {
    const client = await this.signedIn(user);
    const page = await client.get('/hub/spawn');
    expect(page.text).toContain('name="profile"');
    const answer = await client.post('/hub/spawn', { _xsrf: client.cookie('_xsrf') ?? '', ...form });
    // a start that fails at once is told by the page that it leads to
    expect(answer.url, answer.text).toMatch(/spawn-pending|\/user\//);
    return client;
  }

  async arrive(client: Client, user: string): Promise<void> {
    await expect
      .poll(async () => (await client.get(`/user/${user}/`)).url, { timeout: LIMIT_MS, interval: 200 })
      .toContain(`/user/${user}/`);
  }

  async says(client: Client, user: string, command: string, answer: RegExp): Promise<void> {
    const terminal = client.openTerminal(user);
    try {
      await terminal.type(`${command}\n`);
      await terminal.shows(answer, LIMIT_MS);
    } finally {
      terminal.end();
    }
  }
}

function userOf(pod: Pod): string {
  return pod.metadata.annotations?.['hub.jupyter.org/username'] ?? '';
}

function configuration({ local, namespace, image, hubHost }: Target): string {
  const missing = local ? 'fault/err-image-pull:1' : NO_REGISTRY;
  const stuck = local ? 'fault/stuck-pull:1' : NO_REGISTRY;
  const hungry = local
    ? { image: 'fault/oom:1', cmd: ['sleep', '600'] }
    : { cmd: ['tail', '/dev/zero'], mem_guarantee: '32M', mem_limit: '32M' };
  const patience = { start_timeout: local ? 4 : 12 };
  const never = { readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 } };
  return `
    c.JupyterHub.spawner_class = 'kubespawner';
    c.JupyterHub.hub_ip = ${JSON.stringify(local ? '127.0.0.1' : '0.0.0.0')};
    c.JupyterHub.hub_connect_ip = ${JSON.stringify(hubHost)};
    c.JupyterHub.services = [{ name: 'tests', api_token: ${JSON.stringify(ADMIN_TOKEN)} }];
    c.JupyterHub.load_roles = [{ name: 'tests', services: ['tests'], scopes: ['admin:users', 'admin:servers', 'list:users'] }];
    c.Authenticator.admin_users = ['root'];
    c.KubeSpawner.namespace = ${JSON.stringify(namespace)};
    c.KubeSpawner.image = ${JSON.stringify(image)};
    c.KubeSpawner.cmd = ['anteroom-singleuser'];
    c.KubeSpawner.start_timeout = ${local ? 20 : 100};
    c.KubeSpawner.poll_interval = 2;
    c.KubeSpawner.k8s_api_request_retry_timeout = 3;
    c.KubeSpawner.environment = { COURSE: 'of {unescaped_username}' };
    c.KubeSpawner.profile_list = [
      { display_name: 'Small', slug: 'small', kubespawner_override: { environment: { SIZE: 'small' } } },
      {
        display_name: 'Other',
        slug: 'other',
        profile_options: {
          image: {
            display_name: 'Image',
            choices: {
              usual: { display_name: 'Usual', kubespawner_override: {} },
              missing: { display_name: 'Missing', kubespawner_override: { image: '${missing}', start_timeout: ${local ? 4 : 30} } },
              stuck: { display_name: 'Stuck', kubespawner_override: { image: '${stuck}' } },
              hungry: { display_name: 'Hungry', kubespawner_override: ${JSON.stringify(hungry)} },
              crashing: { display_name: 'Crashing', kubespawner_override: { cmd: ['sh', '-c', 'for i in $(seq 60); do echo line $i; done; exit 3'] } },
              giant: { display_name: 'Giant', kubespawner_override: ${JSON.stringify({ ...patience, mem_guarantee: '100T' })} },
              homeless: {
                display_name: 'Homeless',
                kubespawner_override: ${JSON.stringify({
                  ...patience,
                  storage_pvc_ensure: true,
                  storage_capacity: '1Mi',
                  storage_class: 'fault-pending',
                  volumes: [{ name: 'home', persistentVolumeClaim: { claimName: '{pvc_name}' } }],
                })},
              },
              unwell: { display_name: 'Unwell', kubespawner_override: ${JSON.stringify({ ...patience, extra_container_config: never })} },
            },
            unlisted_choice: {
              enabled: true,
              display_name: 'Size',
              validation_regex: '^[a-z]+$',
              validation_message: 'Small letters only.',
              kubespawner_override: { environment: { SIZE: '{value}' } },
            },
          },
        },
      },
    ];
  `;
}
