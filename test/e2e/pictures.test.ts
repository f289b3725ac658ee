import { mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { launchBrowser, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';
import { TerminalPage } from './terminal-page.js';

/**
 * Pictures of the pages in both themes, without an error in the browser's console. `ANTEROOM_PICTURES=1` keeps them in
 * docs/images; else they go to a temporary folder.
 */
const SLOW_START = `if (process.env.JUPYTERHUB_USER?.startsWith('slow')) await new Promise((r) => setTimeout(r, 6000));`;

const TOKEN = 'b'.repeat(32);
const GROUPS = {
  physics: { users: ['ada', 'barbara', 'katherine'], properties: { cpu_limit: 4, mem_limit: '8G' } },
  tutors: { users: ['katherine', 'mary'], properties: {} },
  'class of 2026': { users: ['alan', 'edsger', 'hedy'], properties: {} },
};

let hub: HubProcess;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  const keep = process.env['ANTEROOM_PICTURES'] === '1';
  folder = keep ? join(packageRoot(), 'docs/images') : await mkdtemp(join(tmpdir(), 'anteroom-pictures-'));
  await mkdir(folder, { recursive: true });
  const slow = join(await mkdtemp(join(tmpdir(), 'anteroom-slow-')), 'slow.mjs');
  await writeFile(slow, SLOW_START);
  hub = await startHub({
    config: `c.Spawner.environment = { NODE_OPTIONS: '--import=${slow}', PS1: '\\\\u:\\\\w\\\\$ ' };
             c.JupyterHub.allow_named_servers = true;
             c.Authenticator.admin_users = ['grace'];
             c.JupyterHub.load_groups = ${JSON.stringify(GROUPS)};
             c.JupyterHub.services = [{ name: 'seed', api_token: '${TOKEN}' }];
             c.JupyterHub.load_roles = [{ name: 'seed', scopes: ['admin:servers'], services: ['seed'] }];`,
  });
  await api('POST', 'users/ada/server');
  await api('POST', 'users/barbara/servers/gpu-lab', { display_name: 'GPU lab' });
  browser = await launchBrowser();
}, 120_000);

async function api(method: string, path: string, body?: unknown): Promise<void> {
  const answer = await fetch(`${hub.url}/hub/api/${path}`, {
    method,
    headers: { authorization: `token ${TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status, await answer.text()).toBeLessThan(300);
}

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

describe.each(['light', 'dark'] as const)('pages, %s', (theme) => {
  const complaints: string[] = [];

  async function open(width = 1000, height = 640): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    return page;
  }

  async function picture(page: Page, name: string): Promise<void> {
    const path = join(folder, `${name}-${theme}.png`);
    await page.screenshot({ path });
    expect((await stat(path)).size).toBeGreaterThan(4000);
  }

  it('sign-in', async () => {
    const page = await open();
    await page.goto(`${hub.url}/`);
    await picture(page, 'login');
    expect(complaints).toEqual([]);
  });

  it('pending, then the terminal by itself', async () => {
    const page = await open();
    await TerminalPage.prepare(page);
    await page.goto(`${hub.url}/`);
    await signIn(page, `slow-${theme}`);
    await page.waitForSelector('#progress-log li');
    await page.waitForTimeout(1500);
    await picture(page, 'pending');
    const terminal = new TerminalPage(page);
    await terminal.connected(40_000);
    await terminal.type(
      'echo "hello from $(uname -s)"; seq 1 5 | paste -sd+ | tee /dev/stderr | bc 2>/dev/null || echo 15\n',
    );
    await page.waitForTimeout(1000);
    await picture(page, 'terminal');
    await page.goto(`${hub.url}/hub/home`);
    await picture(page, 'home');
    await page.goto(`${hub.url}/hub/token`);
    await picture(page, 'token');
    expect(complaints).toEqual([]);
  }, 120_000);

  it('administration', async () => {
    const page = await open(1200, 800);
    await page.goto(`${hub.url}/hub/login?next=/hub/admin`);
    await signIn(page, 'grace');
    await page.waitForURL(/\/hub\/admin/);
    await page.locator('tr[data-key=edsger] input').check();
    await page.locator('tr[data-key=katherine] input').check();
    await page.evaluate('window.scrollTo(0, 0)');
    await picture(page, 'admin');
    await page.click('[value=delete-selected]');
    await page.locator('dialog[open]').waitFor();
    await picture(page, 'admin-question');
    await page.goto(`${hub.url}/hub/admin/users/barbara`);
    await picture(page, 'admin-user');
    await page.goto(`${hub.url}/hub/admin/groups/physics`);
    await picture(page, 'admin-group');
    expect(complaints).toEqual([]);
  }, 60_000);

  it('works at 320 px without sideways scrolling', async () => {
    const page = await open(320, 568);
    for (const path of ['/hub/login', '/hub/error/503', '/hub/nothing-here']) {
      await page.goto(`${hub.url}${path}`);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(overflow, path).toBeLessThanOrEqual(0);
    }
  });
});
