import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { launchBrowser, newPage, signIn } from './browser.js';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

/** Mallory's server is a thief. Alice, signed in with a real browser, opens it by link, by frame and by WebSocket. */
let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  hub = await startHub({
    config: `c.Spawner.cmd = ['${process.execPath}', '${join(packageRoot(), 'test/e2e/thief-server.mjs')}'];`,
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function hubCookies(context: BrowserContext): Promise<readonly string[]> {
  const jar = await context.cookies(`${hub.url}/hub/home`);
  return jar.map(({ name, value, path }) => `${name}=${value} ${path}`).sort();
}

describe("a server that is after others' cookies", () => {
  it('sees no login, plants nothing, and its visitor stays who they are', async () => {
    const mallory = new Client(hub.url);
    expect(await mallory.signIn('mallory')).toBe(302);
    await mallory.startServer('mallory');

    const { context, page } = await newPage(browser);
    await page.goto(`${hub.url}/hub/login?next=/hub/home`);
    await signIn(page, 'alice');
    await page.waitForURL('**/hub/home');
    const before = await hubCookies(context);
    expect(before.map((cookie) => cookie.split('=')[0])).toEqual([
      '_xsrf',
      'jupyterhub-hub-login',
      'jupyterhub-session-id',
    ]);

    await page.goto(`${hub.url}/user/mallory/`);
    await page.evaluate(
      (url) =>
        new Promise<void>((resolve, reject) => {
          const socket = new WebSocket(url);
          socket.onopen = () => resolve();
          socket.onerror = () => reject(new Error('no socket'));
        }),
      `${hub.url.replace('http', 'ws')}/user/mallory/socket`,
    );
    await page.reload();
    const seen = JSON.parse((await page.textContent('body')) ?? '') as string[];

    // Both requests of the page and the socket came, with the session's number, which servers need.
    expect(seen.filter((cookie) => cookie.includes('jupyterhub-session-id=')).length).toBeGreaterThanOrEqual(
      3,
    );
    expect(seen.join('\n')).not.toContain('jupyterhub-hub-login');
    expect(seen.at(-1)).toContain('own=kept');
    expect(await hubCookies(context)).toEqual(before);

    await page.goto(`${hub.url}/hub/home`);
    expect(new URL(page.url()).pathname).toBe('/hub/home');
    expect(await page.textContent('body')).toContain('alice');
    await context.close();
  });
});
