/** Browsers beyond `concurrent_spawn_limit`: they wait, see their place fall, can leave, and arrive. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';

const TOKEN = 'root-token-of-the-queue-test';

let folder: string;
let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-queue-'));
  // a start goes on when the file of its user is there
  await writeFile(
    join(folder, 'hold.mjs'),
    `import { existsSync } from 'node:fs';
     while (!existsSync('${folder}/' + process.env.JUPYTERHUB_USER)) await new Promise((go) => setTimeout(go, 100));`,
  );
  hub = await startHub({
    config: `
      c.Spawner.environment = { NODE_OPTIONS: '--import=${folder}/hold.mjs' };
      c.JupyterHub.concurrent_spawn_limit = 1;
      c.Authenticator.admin_users = new Set(['root']);
      c.JupyterHub.api_tokens = { '${TOKEN}': 'root' };
    `,
  });
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const letGo = (user: string): Promise<void> => writeFile(join(folder, user), '');

async function comes(user: string, javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  await page.goto(hub.url);
  await signIn(page, user);
  await page.waitForURL(new RegExp(`/hub/spawn-pending/${user}`));
  return page;
}

function api(path: string, method = 'GET'): Promise<Response> {
  return fetch(`${hub.url}/hub/api/${path}`, { method, headers: { Authorization: `token ${TOKEN}` } });
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await api('metrics')).text();
  return text.split('\n').find((line) => line.startsWith(`${name} `));
}

describe('the queue', () => {
  it('shows a place that falls, lets go who leaves, and ends in the terminal', async () => {
    const alice = await comes('alice');
    expect(await alice.textContent('#pending-chip')).toBe('starting');
    const bob = await comes('bob');
    const carol = await comes('carol', false);
    const dave = await comes('dave');
    const chip = (page: Page) => async (): Promise<string | null> => page.textContent('#pending-chip');
    await expect.poll(chip(bob)).toBe('queued (place 1)');
    await expect.poll(chip(carol)).toBe('queued (place 2)');
    await expect.poll(chip(dave)).toBe('queued (place 3)');
    expect(await dave.textContent('h1')).toBe('You are in the queue');
    await expect
      .poll(() => dave.textContent('#progress-message'))
      .toMatch(/^Many servers are starting: you are number 3 of 3 in the queue/);
    // her page comes anew by itself
    await expect
      .poll(() => carol.textContent('#progress-message'), { timeout: 10_000 })
      .toContain('you are number 2 of 3 in the queue');
    expect(await metric('anteroom_spawn_queue_length')).toBe('anteroom_spawn_queue_length 3');

    // the API is not let in between, and sees a queued server as any that starts
    const refused = await api('users/root/server', 'POST');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(30);
    expect(await (await api('users/dave')).json()).toMatchObject({
      server: null,
      pending: 'spawn',
      servers: { '': { pending: 'spawn', ready: false, started: null } },
    });
    expect((await api('users/dave/server', 'POST')).status).toBe(202);

    // carol, who runs no script, leaves; dave moves up without doing anything
    await carol.click('#stop-server-btn');
    await carol.waitForURL(/\/hub\/home/);
    expect(await carol.textContent('.chip')).toBe('stopped');
    await expect.poll(chip(dave)).toBe('queued (place 2)');
    expect(await (await api('users/carol')).json()).toMatchObject({ pending: null, servers: {} });

    await letGo('alice');
    await alice.waitForURL(/\/user\/alice\//, { timeout: 30_000 });
    await expect.poll(chip(bob), { timeout: 10_000 }).toBe('starting');
    expect(await bob.textContent('h1')).toBe('Your server is starting');
    await expect.poll(chip(dave)).toBe('queued (place 1)');
    await letGo('bob');
    await letGo('dave');
    await bob.waitForURL(/\/user\/bob\//, { timeout: 30_000 });
    await dave.waitForURL(/\/user\/dave\//, { timeout: 30_000 });
    await dave.waitForSelector('.xterm', { timeout: 30_000 });
    expect(await metric('anteroom_spawn_queue_length')).toBe('anteroom_spawn_queue_length 0');
  }, 120_000);

  it('is forgotten by a hub that is killed: the page offers to start', async () => {
    await comes('erin');
    const frank = await comes('frank');
    await expect.poll(() => frank.textContent('#pending-chip')).toBe('queued (place 1)');
    await hub.kill9();
    await hub.start();
    await frank.goto(`${hub.url}/hub/spawn-pending/frank`);
    expect(await frank.textContent('.chip')).toBe('stopped');
    // erin's start lives on, and counts
    await letGo('erin');
    await letGo('frank');
    await frank.click('#start');
    await frank.waitForURL(/\/user\/frank\//, { timeout: 60_000 });
  }, 150_000);
});
