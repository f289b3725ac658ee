import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

/** The hub behind a UNIX socket: proxy and servers find it there, and it still knows who asks. */
describe('a hub on a UNIX socket', () => {
  let hub: HubProcess;

  beforeAll(async () => {
    hub = await startHub({
      config: `
        c.JupyterHub.hub_bind_url = 'http+unix://' + encodeURIComponent(process.cwd() + '/hub.sock');
        c.JupyterHub.trusted_downstream_ips = ['127.0.0.1', '10.0.0.7', '10.1.0.0/16'];
      `,
    });
  });
  afterAll(() => hub?.[Symbol.asyncDispose]());

  it('is reached by its owner alone', () => {
    const found = statSync(join(hub.folder, 'hub.sock'));
    expect(found.isSocket()).toBe(true);
    expect(found.mode & 0o777).toBe(0o600);
  });

  it('signs users in and starts servers, which find it', async () => {
    const client = new Client(hub.url);
    expect(await client.signIn('alice')).toBe(302);
    await client.startServer('alice');
    const page = await client.get('/user/alice/');
    expect(page).toMatchObject({ status: 200, url: expect.stringContaining('/user/alice/') });
  });

  it.each([
    ['203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['203.0.113.9, 10.1.2.3, 10.0.0.7', '203.0.113.9'],
    ['203.0.113.9, 10.0.0.8', '10.0.0.8'],
    ['203.0.113.9, nonsense', '127.0.0.1'],
  ])('knows the client behind proxies that are trusted: %s', async (forwarded, expected) => {
    const mark = `/hub/login?mark=${encodeURIComponent(forwarded)}`;
    await fetch(`${hub.url}${mark}`, { headers: { 'X-Forwarded-For': forwarded } });
    const lines = (): Promise<string[]> =>
      hub.log().then((log) => log.split('\n').filter((line) => line.includes(mark)));
    await expect.poll(async () => (await lines()).length, { timeout: 5000 }).toBe(1);
    expect((await lines())[0]).toContain(`ip=${expected} `);
  });
});
