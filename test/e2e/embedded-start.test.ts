import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';
import { serverProcesses } from './processes.js';

/** Opening /hub/spawn may start a server: a link may lead there, another site's image, script or fetch may not. */
let hub: HubProcess;

beforeAll(async () => {
  hub = await startHub();
}, 60_000);

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
});

async function open(client: Client, mode: string, site: string): Promise<number> {
  const { statusCode, body } = await request(`${hub.url}/hub/spawn?opt-image=evil`, {
    headers: { cookie: client.cookieHeader('/hub/spawn'), 'sec-fetch-mode': mode, 'sec-fetch-site': site },
  });
  await body.dump();
  return statusCode;
}

describe('a start asked for by somebody else', () => {
  it.each([
    ['no-cors', 'cross-site'],
    ['no-cors', 'same-site'],
    ['cors', 'cross-site'],
  ])('is refused: mode %s, site %s', async (mode, site) => {
    const client = new Client(hub.url);
    expect(await client.signIn('alice')).toBe(302);
    expect(await open(client, mode, site)).toBe(403);
    expect(serverProcesses(hub.folder)).toEqual([]);
  });

  it('is a start when a person followed the link', async () => {
    const client = new Client(hub.url);
    expect(await client.signIn('bob')).toBe(302);
    expect(await open(client, 'navigate', 'cross-site')).toBe(302);
  });
});
