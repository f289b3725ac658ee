/**
 * What goes wrong with a cluster while people work. On the cluster of KUBECONFIG, too, but for what only the test API
 * server can be made to do: the cluster is taken away by a relay that stands before it for this hub alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMIT_MS, PodsHub } from './pods-hub.js';

const REAL = process.env['KUBECONFIG'] !== undefined;

let hub: PodsHub;

beforeAll(async () => {
  hub = await PodsHub.start();
}, 120_000);
afterAll(() => hub?.[Symbol.asyncDispose]());
afterEach(async () => {
  await hub.line.listen();
  if (!REAL) hub.local.server.faults.clear();
  await hub.stopAll();
});

describe('a start that the cluster lets fail', { timeout: 4 * LIMIT_MS }, () => {
  it('says that memory ran out', async () => {
    expect(await hub.failing(hub.user('dan'), 'hungry')).toMatch(/used more memory than it may/);
  });

  it('shows the last 50 lines of a server that crashed', async () => {
    const mia = hub.user('mia');
    const told = await hub.failing(mia, 'crashing');
    expect(told).toMatch(/ended with status 3/);
    const log = await hub.process.log();
    expect(log).toMatch(/SPAWN_(CRASHED|EXITED)/);
    const page = await (await hub.signedIn(mia)).get(`/hub/spawn-pending/${mia}`);
    expect(page.text).toMatch(/line 11\nline 12\n(.*\n)*line 59\nline 60/);
    expect(page.text).not.toMatch(/line 10\n/);
  });

  it('says that no node has room', async () => {
    expect(await hub.failing(hub.user('nora'), 'giant')).toMatch(/No node of the cluster has room/);
  });

  it('says that its storage is not there, and the claim goes with its user', async () => {
    const omar = hub.user('omar');
    expect(await hub.failing(omar, 'homeless')).toMatch(/storage of your server is not there yet/);
    expect((await hub.api('DELETE', `users/${omar}`)).status).toBe(204);
    await expect.poll(() => hub.hasClaim(`claim-${omar}`), { timeout: LIMIT_MS }).toBe(false);
  });

  it('says that it does not pass its health check', async () => {
    expect(await hub.failing(hub.user('paul'), 'unwell')).toMatch(/does not pass its health check/);
  });
});

describe('a cluster in trouble', { timeout: 4 * LIMIT_MS }, () => {
  it('terminals go on while the cluster is away; what is asked of it meanwhile fails in words, later it works', async () => {
    const [ivan, judy] = [hub.user('ivan'), hub.user('judy')];
    const client = await hub.begin(ivan, { profile: 'small' });
    await hub.arrive(client, ivan);
    await hub.line.refuse();
    await hub.says(client, ivan, 'echo away-$((3*3))', /away-9/);
    expect((await hub.api('POST', `users/${judy}`)).status).toBe(201);
    const refused = await hub.api('POST', `users/${judy}/server`, { profile: 'small' });
    expect(refused).toMatchObject({ status: 503, text: expect.stringMatching(/cluster does not answer/) });
    await sleep(5_000); // two polls of a server whose cluster is away
    expect((await hub.serversOf(ivan))['']).toMatchObject({ ready: true });
    await hub.line.listen();
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
    await hub.line.refuse();
    await hub.process.start();
    await hub.line.listen();
    await hub.untilReady(kim);
    expect((await hub.podOf(kim))?.metadata.uid).toBe(uid);
  });

  it('a start goes on when every connection to it is cut', async () => {
    const rosa = hub.user('rosa');
    const client = await hub.begin(rosa, { profile: 'small' });
    hub.line.cut();
    await hub.arrive(client, rosa);
    hub.line.cut();
    await hub.says(client, rosa, 'echo cut-$((4*4))', /cut-16/);
    expect(await hub.pods()).toHaveLength(1);
  });

  it.skipIf(REAL)(
    'survives storms of 429, 409 and 410, and watches that are cut (skipped with KUBECONFIG: no real server makes them when asked)',
    async () => {
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
    },
  );
});
