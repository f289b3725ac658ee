/// <reference lib="dom" />
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPage, signIn } from './browser.js';
import { type HubProcess, prepareHub } from './hub-process.js';
import { TerminalPage } from './terminal-page.js';

/** What an open terminal page says once its server is stopped, by whomever, in a real browser. */
let hub: HubProcess;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  hub = await prepareHub({
    config: `
      c.Spawner.environment = { NODE_OPTIONS: '--import=' + process.cwd() + '/slow.mjs' };
      c.Anteroom.cull_enabled = true;
      c.Anteroom.cull_every = 1;
      c.Anteroom.cull_arbiter_hook = (idle, timeout, server) => server.url === '/user/cora/' && idle > 3;
    `,
  });
  await writeFile(
    join(hub.folder, 'slow.mjs'),
    `if (process.env.JUPYTERHUB_USER === 'sam') await new Promise((r) => setTimeout(r, 3000));`,
  );
  await hub.start();
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  for (const context of contexts) await context.close();
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function visitor(
  name: string,
): Promise<{ page: Page; terminal: TerminalPage; context: BrowserContext }> {
  const { context, page } = await newPage(browser);
  contexts.push(context);
  await TerminalPage.prepare(page);
  await page.goto(hub.url);
  await signIn(page, name);
  const terminal = new TerminalPage(page);
  await terminal.connected();
  return { page, terminal, context };
}

/** Presses Stop on the home page in another tab. */
async function stopAtHome(context: BrowserContext): Promise<Page> {
  const home = await context.newPage();
  await home.goto(`${hub.url}/hub/home`);
  await home.click('#stop');
  return home;
}

async function saysStopped(page: Page, name: string): Promise<void> {
  await new TerminalPage(page).state('stopped', 20_000);
  expect(await page.textContent('#banner-text')).toBe('The server is not running.');
  expect(await page.getAttribute('#banner-action', 'href')).toBe(`/hub/spawn/${name}`);
}

describe('the terminal page of a server that is stopped', () => {
  it('says so after Stop on the home page, and its link starts the server again', async () => {
    const { page, terminal, context } = await visitor('ann');
    await stopAtHome(context);
    await saysStopped(page, 'ann');
    await page.click('#banner-action');
    await terminal.connected();
  });

  it('says so when the culler stops it', async () => {
    const { page } = await visitor('cora');
    await saysStopped(page, 'cora');
  });

  it('says so while the server is being started, and comes back by itself', async () => {
    const { page, terminal, context } = await visitor('sam');
    const home = await stopAtHome(context);
    await saysStopped(page, 'sam');
    const seen = await statesOf(page);
    await home.goto(`${hub.url}/hub/spawn/sam`);
    await terminal.connected(40_000);
    expect(await seen()).not.toContain('signed-out');
  });

  it('says so when the session has ended as well, and its link leads to the sign-in', async () => {
    const { page, context } = await visitor('lena');
    const home = await stopAtHome(context);
    await home.goto(`${hub.url}/hub/logout`);
    await saysStopped(page, 'lena');
    await page.click('#banner-action');
    await page.waitForURL(/\/hub\/login\?next=/);
  });

  it('is taken for signed out where a sign-in in front of the hub sends every path elsewhere', async () => {
    const { page, terminal, context } = await visitor('fay');
    await page.route(`${hub.url}/**`, (route) =>
      route.fulfill({ status: 302, headers: { location: 'https://login.example/' } }),
    );
    await stopAtHome(context);
    await terminal.state('signed-out', 20_000);
  });
});

/** The states that a page goes through from now on. */
async function statesOf(page: Page): Promise<() => Promise<readonly string[]>> {
  const states = await page.evaluateHandle(() => {
    const seen: string[] = [];
    new MutationObserver(() => seen.push(document.body.dataset['state'] ?? '')).observe(document.body, {
      attributeFilter: ['data-state'],
    });
    return seen;
  });
  return () => states.jsonValue();
}
