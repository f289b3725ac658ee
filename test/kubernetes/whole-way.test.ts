/**
 * The whole way with pods: sign in, choose, pod, handshake, terminal, stop; a hub that crashes, a cluster that is away.
 * On the test API server, whose node runs the pods as processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { Client } from '../e2e/client.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { kindOf } from './api/kinds.js';
import { mapAt, type Stored } from './api/objects.js';
import { startTarget, type Target } from './target.js';

const LIMIT_MS = 60_000;
const ADMIN_TOKEN = 'a-token-for-the-tests-of-pods';

let target: Target;
let hub: HubProcess;

const REAL = process.env['KUBECONFIG'] !== undefined;

beforeAll(async () => {
  if (REAL) return;
  target = await startTarget({
    programs: { 'anteroom-singleuser': [process.execPath, distScript('terminal/server/main.js')] },
  });
  hub = await startHub({ config: configuration(), env: { KUBECONFIG: target.kubeconfig } });
}, 120_000);
afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  local().server.faults.clear();
  await local().server.listen();
  for (const pod of pods()) await api('DELETE', `users/${userOf(pod)}/server`);
  await expect.poll(pods, { timeout: LIMIT_MS }).toEqual([]);
});

function configuration(): string {
  return `
    c.JupyterHub.spawner_class = 'kubespawner';
    c.JupyterHub.hub_ip = ${JSON.stringify(target.hubHost === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0')};
    c.JupyterHub.hub_connect_ip = ${JSON.stringify(target.hubHost)};
    c.JupyterHub.services = [{ name: 'tests', api_token: ${JSON.stringify(ADMIN_TOKEN)} }];
    c.JupyterHub.load_roles = [{ name: 'tests', services: ['tests'], scopes: ['admin:users', 'admin:servers', 'list:users'] }];
    c.Authenticator.admin_users = ['root'];
    c.KubeSpawner.namespace = ${JSON.stringify(target.namespace)};
    c.KubeSpawner.image = ${JSON.stringify(target.image)};
    c.KubeSpawner.cmd = ['anteroom-singleuser'];
    c.KubeSpawner.start_timeout = 20;
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
              missing: { display_name: 'Missing', kubespawner_override: { image: 'fault/err-image-pull:1', start_timeout: 4 } },
              stuck: { display_name: 'Stuck', kubespawner_override: { image: 'fault/stuck-pull:1' } },
              hungry: { display_name: 'Hungry', kubespawner_override: { image: 'fault/oom:1' } },
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

function local(): NonNullable<Target['local']> {
  if (!target.local) throw new Error('this test needs the test API server');
  return target.local;
}

function pods(): Stored[] {
  return local().server.store.list(kindOf('pods'), '');
}

function userOf(pod: Stored): string {
  return pod.metadata.annotations?.['hub.jupyter.org/username'] ?? '';
}

function podOf(user: string): Stored | undefined {
  return pods().find((pod) => userOf(pod) === user);
}

async function api(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(`${hub.url}/hub/api/${path}`, {
    method,
    headers: { authorization: `token ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** Signs in and posts the form of profiles. */
async function begin(user: string, form: Readonly<Record<string, string>>): Promise<Client> {
  const client = new Client(hub.url);
  expect(await client.signIn(user)).toBe(302);
  const page = await client.get('/hub/spawn');
  expect(page.text).toContain('name="profile"');
  const answer = await client.post('/hub/spawn', { _xsrf: client.cookie('_xsrf') ?? '', ...form });
  // a start that fails at once is told by the page that it leads to
  expect(answer.url, answer.text).toMatch(/spawn-pending|\/user\//);
  return client;
}

async function arrive(client: Client, user: string): Promise<void> {
  await expect
    .poll(async () => (await client.get(`/user/${user}/`)).url, { timeout: LIMIT_MS, interval: 200 })
    .toContain(`/user/${user}/`);
}

async function says(client: Client, user: string, command: string, answer: RegExp): Promise<void> {
  const terminal = client.openTerminal(user);
  try {
    await terminal.type(`${command}\n`);
    await terminal.shows(answer, LIMIT_MS);
  } finally {
    terminal.end();
  }
}

describe.skipIf(REAL)('the whole way with pods (skipped with KUBECONFIG: it breaks the API server)', () => {
  it('leads from the form of profiles to a terminal in a pod, and back to nothing', async () => {
    const client = await begin('alice', {
      profile: 'other',
      'profile-option-other--image': 'unlisted-choice',
      'profile-option-other--image--unlisted-choice': 'huge',
    });
    await arrive(client, 'alice');
    await says(client, 'alice', 'echo $SIZE-$((6*7)) $COURSE', /huge-42 of alice/);
    const pod = podOf('alice');
    expect(pod?.metadata.name).toBe('jupyter-alice');
    const token = environmentOf(pod!, 'JUPYTERHUB_API_TOKEN');
    expect(token).toMatchObject({ valueFrom: { secretKeyRef: { name: 'jupyter-alice' } } });
    expect((await api('DELETE', 'users/alice/server')).status).toBeLessThan(300);
    await expect.poll(() => podOf('alice'), { timeout: LIMIT_MS }).toBeUndefined();
    await expect
      .poll(() => local().server.store.find(kindOf('secrets'), target.namespace, 'jupyter-alice'), {
        timeout: LIMIT_MS,
      })
      .toBeUndefined();
  });

  it('refuses what is not offered, however it arrives, in words', async () => {
    expect((await api('POST', 'users/bob')).status).toBe(201);
    for (const [options, words] of [
      [{ profile: 'nope' }, /no profile \\"nope\\".*small, other/],
      [{ profile: 'other', image: 'nope' }, /no choice \\"nope\\"/],
      [{ profile: 'other', 'image--unlisted-choice': 'UPPER; rm -rf' }, /Small letters only/],
      [{ profile: 'other', image: 'constructor' }, /no choice/],
      [{ profile: ['small'] }, /must be a text/],
    ] as const) {
      const started = await api('POST', 'users/bob/server', options);
      expect(started).toMatchObject({ status: 400, text: expect.stringMatching(words) });
      expect(await api('PATCH', 'users/bob/servers/', { user_options: options })).toMatchObject({
        status: 400,
      });
    }
    const client = new Client(hub.url);
    await client.signIn('bob');
    const asked = await client.get('/hub/spawn?opt-profile=nope', false);
    expect(asked.text).toContain('no profile');
    expect(asked.status).toBe(400);
    expect(podOf('bob')).toBeUndefined();
  });

  it('says why an image cannot be had, shows the events, and leaves no pod', async () => {
    const client = await begin('carol', { profile: 'other', 'profile-option-other--image': 'missing' });
    const progress = await client.get('/hub/api/users/carol/server/progress');
    expect(progress.text).toMatch(/Fetching the image/);
    expect(progress.text).toMatch(/Spawn failed: The image of your server cannot be fetched/);
    expect(podOf('carol')).toBeUndefined();
    expect(await hub.log()).toMatch(/SPAWN_IMAGE/);
  });

  it('says that memory ran out', async () => {
    expect((await api('POST', 'users/dan')).status).toBe(201);
    await api('POST', 'users/dan/server', { profile: 'other', image: 'hungry' });
    const progress = await api('GET', 'users/dan/server/progress');
    expect(progress.text).toMatch(/used more memory than it may/);
    expect(podOf('dan')).toBeUndefined();
  });

  it('leaves nothing when a start is cancelled', async () => {
    await begin('erin', { profile: 'other', 'profile-option-other--image': 'stuck' });
    await expect.poll(() => podOf('erin'), { timeout: LIMIT_MS }).toBeDefined();
    expect((await api('DELETE', 'users/erin/server')).status).toBeLessThan(300);
    await expect.poll(() => podOf('erin'), { timeout: LIMIT_MS }).toBeUndefined();
  });

  it('goes on in the same pod after the hub was killed, and ends a start that it interrupted', async () => {
    const client = await begin('frank', { profile: 'small' });
    await arrive(client, 'frank');
    await says(client, 'frank', 'KEPT=yes-$((1+1)); echo $KEPT', /yes-2/);
    const uid = podOf('frank')?.metadata.uid;
    await begin('grace', { profile: 'other', 'profile-option-other--image': 'stuck' });
    await expect.poll(() => podOf('grace'), { timeout: LIMIT_MS }).toBeDefined();
    await hub.kill9();
    await hub.start();
    await expect.poll(() => podOf('grace'), { timeout: LIMIT_MS }).toBeUndefined();
    await arrive(client, 'frank');
    await says(client, 'frank', 'echo still-$KEPT', /still-yes-2/);
    expect(podOf('frank')?.metadata.uid).toBe(uid);
    expect(pods()).toHaveLength(1);
  });

  it('a pod that somebody deletes is noticed, and its user can start again', async () => {
    const client = await begin('heidi', { profile: 'small' });
    await arrive(client, 'heidi');
    const pod = podOf('heidi')!;
    local().server.store.remove(kindOf('pods'), pod);
    const stopped = async () => JSON.parse((await api('GET', 'users/heidi')).text).servers;
    await expect.poll(stopped, { timeout: LIMIT_MS }).toEqual({});
    const again = await begin('heidi', { profile: 'small' });
    await arrive(again, 'heidi');
  });

  it('terminals go on while the cluster is away; what is asked of it meanwhile fails in words, later it works', async () => {
    const client = await begin('ivan', { profile: 'small' });
    await arrive(client, 'ivan');
    await local().server.refuse();
    await says(client, 'ivan', 'echo away-$((3*3))', /away-9/);
    expect((await api('POST', 'users/judy')).status).toBe(201);
    const refused = await api('POST', 'users/judy/server', { profile: 'small' });
    expect(refused).toMatchObject({ status: 503, text: expect.stringMatching(/cluster does not answer/) });
    await sleep(5_000); // two polls of a server whose cluster is away
    expect(JSON.parse((await api('GET', 'users/ivan')).text).servers['']).toMatchObject({ ready: true });
    await local().server.listen();
    expect((await api('POST', 'users/judy/server', { profile: 'small' })).status).toBeLessThan(300);
    await expect
      .poll(async () => JSON.parse((await api('GET', 'users/judy')).text).servers['']?.ready, {
        timeout: LIMIT_MS,
      })
      .toBe(true);
    expect(pods()).toHaveLength(2);
  });

  it('a hub that starts while the cluster is away adopts what lives once it is back', async () => {
    const client = await begin('kim', { profile: 'small' });
    await arrive(client, 'kim');
    const uid = podOf('kim')?.metadata.uid;
    await hub.kill9();
    await local().server.refuse();
    await hub.start();
    await local().server.listen();
    await expect
      .poll(async () => JSON.parse((await api('GET', 'users/kim')).text).servers['']?.ready, {
        timeout: LIMIT_MS,
      })
      .toBe(true);
    expect(podOf('kim')?.metadata.uid).toBe(uid);
  });

  it('survives storms of 429, 409 and 410, and watches that are cut', async () => {
    const { server } = local();
    using busy = server.faults.add({
      path: /pods|secrets/,
      times: 5,
      does: { kind: 'answer', status: 429, retryAfter: 0 },
    });
    server.watches.cut('reset');
    const client = await begin('lea', { profile: 'small' });
    server.store.compact();
    server.watches.cut('end');
    await arrive(client, 'lea');
    expect(busy).toBeDefined();
    expect(pods()).toHaveLength(1);
  });
});

function environmentOf(pod: Stored, name: string): unknown {
  const [container] = mapAt(pod, 'spec')['containers'] as readonly {
    readonly env: readonly { readonly name: string }[];
  }[];
  return container?.env.find((each) => each.name === name);
}
