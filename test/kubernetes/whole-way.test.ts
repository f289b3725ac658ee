/**
 * The whole way with pods: sign in, choose, pod, handshake, terminal, stop; a start that fails or is cancelled, a hub
 * that crashes, a pod that somebody deletes. On the cluster of KUBECONFIG, else on the test API server, whose node runs
 * the pods as processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../kube/objects.js';
import { Client } from '../e2e/client.js';
import { LIMIT_MS, PodsHub } from './pods-hub.js';

let hub: PodsHub;

beforeAll(async () => {
  hub = await PodsHub.start();
}, 120_000);
afterAll(() => hub?.[Symbol.asyncDispose]());
afterEach(() => hub.stopAll());

describe('the whole way with pods', { timeout: 4 * LIMIT_MS }, () => {
  it('leads from the form of profiles to a terminal in a pod, and back to nothing', async () => {
    const alice = hub.user('alice');
    const client = await hub.begin(alice, {
      profile: 'other',
      'profile-option-other--image': 'unlisted-choice',
      'profile-option-other--image--unlisted-choice': 'huge',
    });
    await hub.arrive(client, alice);
    await hub.says(client, alice, 'echo $SIZE-$((6*7)) $COURSE', new RegExp(`huge-42 of ${alice}`));
    const pod = await hub.podOf(alice);
    expect(pod?.metadata.name).toBe(`jupyter-${alice}`);
    // as written: the image has a PATH of its own
    expect(containerOf(pod).args).toEqual(['anteroom-singleuser']);
    expect(environmentOf(pod, 'JUPYTERHUB_API_TOKEN')).toMatchObject({
      valueFrom: { secretKeyRef: { name: `jupyter-${alice}` } },
    });
    expect((await hub.api('DELETE', `users/${alice}/server`)).status).toBeLessThan(300);
    await expect.poll(() => hub.podOf(alice), { timeout: LIMIT_MS }).toBeUndefined();
    await expect.poll(() => hub.hasSecret(`jupyter-${alice}`), { timeout: LIMIT_MS }).toBe(false);
  });

  it('refuses what is not offered, however it arrives, in words', async () => {
    const bob = hub.user('bob');
    expect((await hub.api('POST', `users/${bob}`)).status).toBe(201);
    for (const [options, words] of [
      [{ profile: 'nope' }, /no profile \\"nope\\".*small, other/],
      [{ profile: 'other', image: 'nope' }, /no choice \\"nope\\"/],
      [{ profile: 'other', 'image--unlisted-choice': 'UPPER; rm -rf' }, /Small letters only/],
      [{ profile: 'other', image: 'constructor' }, /no choice/],
      [{ profile: ['small'] }, /must be a text/],
    ] as const) {
      const started = await hub.api('POST', `users/${bob}/server`, options);
      expect(started).toMatchObject({ status: 400, text: expect.stringMatching(words) });
      const changed = await hub.api('PATCH', `users/${bob}/servers/`, { user_options: options });
      expect(changed).toMatchObject({ status: 400 });
    }
    const client = new Client(hub.process.url);
    await client.signIn(bob);
    const asked = await client.get('/hub/spawn?opt-profile=nope', false);
    expect(asked.text).toContain('no profile');
    expect(asked.status).toBe(400);
    expect(await hub.podOf(bob)).toBeUndefined();
  });

  it('says why an image cannot be had, shows the events, and leaves no pod', async () => {
    const carol = hub.user('carol');
    const client = await hub.begin(carol, { profile: 'other', 'profile-option-other--image': 'missing' });
    const progress = await client.get(`/hub/api/users/${carol}/server/progress`);
    expect(progress.text).toMatch(/Fetching the image/);
    expect(progress.text).toMatch(/Spawn failed: The image of your server cannot be fetched/);
    await expect.poll(() => hub.podOf(carol), { timeout: LIMIT_MS }).toBeUndefined();
    expect(await hub.process.log()).toMatch(/SPAWN_IMAGE/);
  });

  it('leaves nothing when a start is cancelled', async () => {
    const erin = hub.user('erin');
    await hub.begin(erin, { profile: 'other', 'profile-option-other--image': 'stuck' });
    await expect.poll(() => hub.podOf(erin), { timeout: LIMIT_MS }).toBeDefined();
    expect((await hub.api('DELETE', `users/${erin}/server`)).status).toBeLessThan(300);
    await expect.poll(() => hub.podOf(erin), { timeout: LIMIT_MS }).toBeUndefined();
  });

  it.each([0, 20, 100, 300, 800, 1_500])('leaves nothing when it is cancelled after %i ms', async (ms) => {
    const olga = hub.user(`olga${ms}`);
    expect((await hub.api('POST', `users/${olga}`)).status).toBe(201);
    const started = hub.api('POST', `users/${olga}/server`, { profile: 'small' });
    await sleep(ms);
    expect((await hub.api('DELETE', `users/${olga}/server`)).status).toBeLessThan(300);
    await started;
    await expect.poll(() => hub.serversOf(olga), { timeout: LIMIT_MS }).toEqual({});
    await expect.poll(() => hub.podOf(olga), { timeout: LIMIT_MS }).toBeUndefined();
    await expect.poll(() => hub.hasSecret(`jupyter-${olga}`), { timeout: LIMIT_MS }).toBe(false);
  });

  it('goes on in the same pod after the hub was killed, and ends a start that it interrupted', async () => {
    const [frank, grace] = [hub.user('frank'), hub.user('grace')];
    const client = await hub.begin(frank, { profile: 'small' });
    await hub.arrive(client, frank);
    await hub.says(client, frank, 'KEPT=yes-$((1+1)); echo $KEPT', /yes-2/);
    const uid = (await hub.podOf(frank))?.metadata.uid;
    await hub.begin(grace, { profile: 'other', 'profile-option-other--image': 'stuck' });
    await expect.poll(() => hub.podOf(grace), { timeout: LIMIT_MS }).toBeDefined();
    await hub.process.kill9();
    await hub.process.start();
    await expect.poll(() => hub.podOf(grace), { timeout: LIMIT_MS }).toBeUndefined();
    await hub.arrive(client, frank);
    await hub.says(client, frank, 'echo still-$KEPT', /still-yes-2/);
    expect((await hub.podOf(frank))?.metadata.uid).toBe(uid);
    expect(await hub.pods()).toHaveLength(1);
  });

  it('a pod that somebody deletes is noticed, and its user can start again', async () => {
    const heidi = hub.user('heidi');
    const client = await hub.begin(heidi, { profile: 'small' });
    await hub.arrive(client, heidi);
    const pod = await hub.podOf(heidi);
    if (!pod) throw new Error('there is no pod');
    await hub.deletePod(pod);
    await expect.poll(() => hub.serversOf(heidi), { timeout: LIMIT_MS }).toEqual({});
    await hub.arrive(await hub.begin(heidi, { profile: 'small' }), heidi);
  });
});

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
}

function containerOf(pod: Pod | undefined): Container {
  const { containers } = (pod?.spec ?? {}) as { readonly containers?: readonly Container[] };
  const [container] = containers ?? [];
  if (!container) throw new Error('the pod has no container');
  return container;
}

function environmentOf(pod: Pod | undefined, name: string): unknown {
  return containerOf(pod).env?.find((each) => each.name === name);
}
