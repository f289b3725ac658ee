import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { anteroom } from './command.js';
import { type HubProcess, startHub } from './hub-process.js';

/** `anteroom token`, with and without a hub running on the same database. */
let hub: HubProcess | undefined;

afterEach(async () => {
  await hub?.[Symbol.asyncDispose]();
  hub = undefined;
});

async function whoIs(token: string): Promise<unknown> {
  const { body } = await request(`${hub?.url}/hub/api/user`, {
    headers: { authorization: `token ${token}` },
  });
  return ((await body.json()) as { name?: unknown }).name;
}

describe('anteroom token', () => {
  it('makes a token that works at once, beside the running hub and without it', async () => {
    hub = await startHub({ config: `c.Authenticator.admin_users = new Set(['boss']);` });
    const beside = await anteroom(['token', 'boss', '-f', 'jupyterhub_config.mjs'], { cwd: hub.folder });
    expect(beside).toMatchObject({ code: 0 });
    expect(await whoIs(beside.out.trim())).toBe('boss');

    await hub.terminate();
    const alone = await anteroom(['token', 'boss', '-f', 'jupyterhub_config.mjs'], { cwd: hub.folder });
    expect(alone).toMatchObject({ code: 0 });
    await hub.start();
    expect(await whoIs(alone.out.trim())).toBe('boss');
    expect(await whoIs(beside.out.trim())).toBe('boss');
  }, 60_000);

  it('says so when there is no such user', async () => {
    hub = await startHub();
    const refused = await anteroom(['token', 'nobody', '-f', 'jupyterhub_config.mjs'], { cwd: hub.folder });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('No such user: nobody');
  }, 60_000);
});
