/** What goes wrong with a cluster while people work. On the test API server alone, which can be made to fail. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMIT_MS, PodsHub } from './pods-hub.js';

const REAL = process.env['KUBECONFIG'] !== undefined;

let hub: PodsHub;

beforeAll(async () => {
  if (!REAL) hub = await PodsHub.start();
}, 120_000);
afterAll(() => hub?.[Symbol.asyncDispose]());
afterEach(async () => {
  if (REAL) return;
  hub.local.server.faults.clear();
  await hub.local.server.listen();
  await hub.stopAll();
});

describe.skipIf(REAL)('a cluster in trouble (skipped with KUBECONFIG: it breaks the API server)', () => {
  it('says that memory ran out', async () => {
    const dan = hub.user('dan');
    expect((await hub.api('POST', `users/${dan}`)).status).toBe(201);
    await hub.api('POST', `users/${dan}/server`, { profile: 'other', image: 'hungry' });
    const progress = await hub.api('GET', `users/${dan}/server/progress`);
    expect(progress.text).toMatch(/used more memory than it may/);
    await expect.poll(() => hub.podOf(dan), { timeout: LIMIT_MS }).toBeUndefined();
  });

  it('terminals go on while the cluster is away; what is asked of it meanwhile fails in words, later it works', async () => {
    const [ivan, judy] = [hub.user('ivan'), hub.user('judy')];
    const client = await hub.begin(ivan, { profile: 'small' });
    await hub.arrive(client, ivan);
    await hub.local.server.refuse();
    await hub.says(client, ivan, 'echo away-$((3*3))', /away-9/);
    expect((await hub.api('POST', `users/${judy}`)).status).toBe(201);
    const refused = await hub.api('POST', `users/${judy}/server`, { profile: 'small' });
    expect(refused).toMatchObject({ status: 503, text: expect.stringMatching(/cluster does not answer/) });
    await sleep(5_000); // two polls of a server whose cluster is away
    expect((await hub.serversOf(ivan))['']).toMatchObject({ ready: true });
    await hub.local.server.listen();
    expect((await hub.api('POST', `users/${judy}/server`, { profile: 'small' })).status).toBeLessThan(300);
    await hub.untilReady(judy);
    expect(await hub.pods()).toHaveLength(2);
  });

  it('a hub that starts while the cluster is away adopts what lives once it is back', async () => {
    const kim = hub.user('kim');
    const client = await hub.begin(kim, { profile: 'small' });
    await hub.arrive(client, kim);
    const uid = (await hub.podOf(kim))?.metadata.uid;
    await hub.process.kill9();
    await hub.local.server.refuse();
    await hub.process.start();
    await hub.local.server.listen();
    await hub.untilReady(kim);
    expect((await hub.podOf(kim))?.metadata.uid).toBe(uid);
  });

  it('survives storms of 429, 409 and 410, and watches that are cut', async () => {
    const { server } = hub.local;
    const lea = hub.user('lea');
    using busy = server.faults.add({
      path: /pods|secrets/,
      times: 5,
      does: { kind: 'answer', status: 429, retryAfter: 0 },
    });
    server.watches.cut('reset');
    const client = await hub.begin(lea, { profile: 'small' });
    server.store.compact();
    server.watches.cut('end');
    await hub.arrive(client, lea);
    expect(busy).toBeDefined();
    expect(await hub.pods()).toHaveLength(1);
  });
});
