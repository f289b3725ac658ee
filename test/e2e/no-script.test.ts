import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';

/** Sign in, start, wait, stop, named servers and sign out in a browser that runs no script at all. */
let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  const slow = join(await mkdtemp(join(tmpdir(), 'anteroom-slow-')), 'slow.mjs');
  await writeFile(slow, 'await new Promise((resolve) => setTimeout(resolve, 2500));');
  hub = await startHub({
    config: `
      c.Spawner.environment = { NODE_OPTIONS: '--import=${slow}' };
      c.JupyterHub.allow_named_servers = true;
      c.JupyterHub.redirect_to_server = false;
    `,
  });
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function openWithoutScript(path: string): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${hub.url}${path}`);
  return page;
}

describe('without JavaScript', () => {
  it('signs in, starts, follows the start by itself, stops and signs out', async () => {
    const page = await openWithoutScript('/');
    await signIn(page, 'alice');
    expect(page.url()).toContain('/hub/home');
    await page.click('#start');
    expect(page.url()).toContain('/hub/spawn-pending/alice');
    expect(await page.textContent('h1')).toContain('starting');
    // The page refreshes itself until the server is there.
    await page.waitForURL(/\/user\/alice\//, { timeout: 30_000 });

    await page.goto(`${hub.url}/hub/home`);
    expect(await page.textContent('.chip')).toBe('ready');
    await page.click('#stop');
    await page.waitForURL(/\/hub\/(home|spawn-pending)/);
    await page.goto(`${hub.url}/hub/home`);
    expect(await page.textContent('.chip')).toBe('stopped');
    await page.click('#logout');
    expect(page.url()).toContain('/hub/login');
    await page.goto(`${hub.url}/hub/home`);
    expect(page.url()).toContain('/hub/login');
  }, 90_000);

  it('cancels a start', async () => {
    const page = await openWithoutScript('/');
    await signIn(page, 'bob');
    await page.click('#start');
    await page.click('#stop-server-btn');
    await page.goto(`${hub.url}/hub/home`);
    expect(['stopped', 'failed']).toContain(await page.textContent('.chip'));
  });

  it('adds and deletes a named server', async () => {
    const page = await openWithoutScript('/');
    await signIn(page, 'carol');
    await page.fill('#new-server-name', 'My Lab');
    await page.click('#new-server-btn');
    await page.waitForURL(/\/user\/carol\/my-lab-[0-9a-f]{8}\//, { timeout: 30_000 });
    await page.goto(`${hub.url}/hub/home`);
    const row = page.locator('.home-server-row');
    expect(await row.first().textContent()).toContain('My Lab');
    await row.getByRole('button', { name: 'Stop' }).click();
    await page.goto(`${hub.url}/hub/home`);
    await page.locator('.home-server-row').getByRole('button', { name: 'Delete' }).click();
    await page.goto(`${hub.url}/hub/home`);
    expect(await page.locator('.home-server-row').count()).toBe(0);
  }, 90_000);
});
