import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults } from './axe.js';
import { launchBrowser, signIn } from './browser.js';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

/** Pages and flows beside sign-in, spawn and administration, in the built hub. */
const TOKEN = 'd'.repeat(32);
const REDIRECT = 'http://127.0.0.1:9/back';

let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  const site = await mkdtemp(join(tmpdir(), 'anteroom-pages-'));
  await writeFile(
    join(site, '403.hbs'),
    '{{#> error.html}}{{#*inline "h1_error"}}<h1>Not for {{visitor.name}}</h1>{{/inline}}{{/error.html}}',
  );
  const slow = join(site, 'slow.mjs');
  await writeFile(
    slow,
    `if (process.env.JUPYTERHUB_USER === 'dave') await new Promise((r) => setTimeout(r, 8000));`,
  );
  hub = await startHub({
    config: `
      c.Spawner.environment = { NODE_OPTIONS: '--import=${slow}' };
      c.Authenticator.admin_users = ['root'];
      c.JupyterHub.allow_named_servers = true;
      c.JupyterHub.named_server_limit_per_user = 2;
      c.JupyterHub.redirect_to_server = false;
      c.JupyterHub.template_paths = ['${site}'];
      c.JupyterHub.template_vars = {
        announcement: '<em>for all</em>',
        announcement_login: 'for <b>login</b>',
        announcement_home: 'for home',
        login_term_url: 'https://terms.example/',
      };
      c.JupyterHub.services = [
        { name: 'seed', api_token: '${TOKEN}' },
        { name: 'reports', api_token: '${'e'.repeat(32)}', oauth_redirect_uri: '${REDIRECT}', oauth_client_id: 'service-reports',
          oauth_client_allowed_scopes: ['read:users:activity!user', 'servers!user'] },
      ];
      c.JupyterHub.load_roles = [
        { name: 'seed', scopes: ['shares', 'admin:users', 'read:users:name'], services: ['seed'] },
        { name: 'user', scopes: ['self', 'access:services'] },
      ];
    `,
  });
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function open(name: string, path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${hub.url}/hub/login?next=${encodeURIComponent(path)}`);
  await page.check('.check input');
  await signIn(page, name);
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
  return page;
}

async function signedIn(name: string): Promise<Client> {
  const client = new Client(hub.url);
  expect(await client.signIn(name)).toBe(302);
  return client;
}

describe('announcements and template_vars', () => {
  it('stand on their pages, the one for a page before the one for all', async () => {
    const client = new Client(hub.url);
    const login = (await client.get('/hub/login')).text;
    expect(login).toContain('for <b>login</b>');
    expect(login).toContain('href="https://terms.example/"');
    await client.signIn('alice');
    expect((await client.get('/hub/home')).text).toContain('>for home<');
    for (const path of ['/hub/token', '/hub/nothing']) {
      expect((await client.get(path)).text).toContain('<em>for all</em>');
    }
  });
});

describe('errors', () => {
  it('have the page of their status, and say what to do now', async () => {
    const client = await signedIn('alice');
    const missing = await client.get('/hub/nothing');
    expect(missing.status).toBe(404);
    expect(missing.text).toContain('There is nothing here');
    const forbidden = await client.get('/hub/admin');
    expect([forbidden.status, /<h1>(.*)<\/h1>/.exec(forbidden.text)?.[1]]).toEqual([403, 'Not for alice']);
    const loop = await client.get('/hub/error/503');
    expect(loop.status).toBe(200);
    expect(loop.text).toContain('503');
    expect(loop.text).toContain('href="/hub/home"');
  });
});

describe('user-redirect', () => {
  it("keeps path and query on the way to one's own server", async () => {
    const client = await signedIn('alice');
    const answer = await client.get('/user-redirect/deep/er?a=1&b=%2F2', false);
    expect(answer.status).toBe(302);
    const page = await open('alice', '/hub/user-redirect/anteroom/x?a=1&b=%2F2');
    await page.waitForURL(/\/user\/alice\/anteroom\/x\?a=1&b=%2F2/, { timeout: 30_000 });
    await page.context().close();
  });
});

describe('sharing', () => {
  it('is told in words, accepted, and then found at home', async () => {
    await signedIn('bob');
    const made = await fetch(`${hub.url}/hub/api/share-codes/alice/`, {
      method: 'POST',
      headers: { authorization: `token ${TOKEN}` },
      body: '{}',
    });
    const code = (await made.json()) as { readonly accept_url: string };
    expect(made.status, JSON.stringify(code)).toBe(200);
    const page = await open('bob', code.accept_url);
    expect(await page.textContent('h1')).toBe('alice shares a server with you');
    expect(await page.textContent('main ul')).toContain('Open servers');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Accept' }).click();
    // Who opens another's server says once that its server may know who they are.
    expect(await page.textContent('h1')).toContain('Server at /user/alice/');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/user/alice/'));
    await page.goto(`${hub.url}/hub/home`);
    const row = page.locator('.shared-server-row[data-owner=alice]');
    expect(await row.locator('.chip').textContent()).toBe('ready');
    expect(await row.getByRole('link', { name: 'Open' }).getAttribute('href')).toBe('/user/alice/');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.context().close();
    expect((await (await signedIn('carol')).get('/hub/home')).text).not.toContain('Shared with you');
  }, 60_000);
});

describe('tokens', () => {
  it('are made with chosen scopes and an end, shown once, told in words, and revoked', async () => {
    const page = await open('alice', '/hub/token');
    await page.click('#scope-choice summary');
    await page.check('[data-scope][value="read:users:activity!user"]');
    await page.check('[data-scope][value="read:servers!user"]');
    await page.uncheck('[data-scope][value="read:users:activity!user"]');
    expect(await page.inputValue('#token-scopes')).toBe('read:servers!user');
    await page.fill('#token-note', 'night job');
    await page.selectOption('#token-expiration-seconds', '3600');
    await page.getByRole('button', { name: 'Make a token' }).click();
    const token = await page
      .locator('#token-result')
      .filter({ hasText: /\S{20}/ })
      .textContent();
    const self = await fetch(`${hub.url}/hub/api/users/alice`, {
      headers: { authorization: `token ${token}` },
    });
    expect(self.status).toBe(200);
    await page.reload();
    const row = page.locator('.token-row', { hasText: 'night job' });
    await row.locator('summary').click();
    expect(await row.locator('.scopes').textContent()).toContain('only you');
    expect(await row.textContent()).toMatch(/in (1 hour|60 minutes|59 minutes)/);
    expect(await page.content()).not.toContain(token);
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    const after = await fetch(`${hub.url}/hub/api/users/alice`, {
      headers: { authorization: `token ${token}` },
    });
    expect(after.status).toBe(403);
    await page.context().close();
  });

  it('leave no empty table behind: the page says that there are none, as after a reload', async () => {
    const page = await open('tess', '/hub/token');
    const own = page.locator('section[aria-labelledby=own-tokens]');
    expect(await own.locator('.muted').isVisible()).toBe(true);
    for (const note of ['one', 'two']) {
      await page.fill('#token-note', note);
      await page.getByRole('button', { name: 'Make a token' }).click();
      await page
        .locator('#token-result')
        .filter({ hasText: /\S{20}/ })
        .waitFor();
      await page.reload();
    }
    const row = (note: string) => own.locator('.token-row', { hasText: note });
    await row('one').getByRole('button', { name: 'Revoke' }).click();
    await row('one').waitFor({ state: 'detached' });
    expect(await own.locator('table').isVisible()).toBe(true);
    expect(await own.getByText('None yet.').isVisible()).toBe(false);
    await row('two').getByRole('button', { name: 'Revoke' }).click();
    await row('two').waitFor({ state: 'detached' });
    expect(await own.locator('table').isVisible()).toBe(false);
    expect(await own.getByText('None yet.').isVisible()).toBe(true);
    await page.context().close();
  });
});

describe('authorising an application', () => {
  const url = `/hub/api/oauth2/authorize?client_id=service-reports&response_type=code&state=s1&redirect_uri=${encodeURIComponent(REDIRECT)}`;

  it('says who asks for what, and sends only who agrees onward', async () => {
    const page = await open('alice', url);
    expect(await page.textContent('h1')).toContain('reports');
    const words = await page.textContent('main ul');
    expect(words).toContain('only you');
    expect(words).toContain('Start, stop and remove servers');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Refuse' }).click();
    await page.waitForURL(/\/hub\/home/);
    await page.goto(`${hub.url}${url}`);
    const onward = page.waitForRequest((request) => request.url().startsWith(REDIRECT));
    await page.getByRole('button', { name: 'Approve' }).click();
    expect(new URL((await onward).url()).searchParams.get('state')).toBe('s1');
    await page.context().close();
  });
});

describe('the server of another user', () => {
  it('is started by an administrator, whose own name stays in the bar', async () => {
    await signedIn('dave');
    const page = await open('root', '/hub/spawn/dave');
    await page.waitForURL(/spawn-pending\/dave/);
    expect(await page.textContent('h1')).toBe('The server of dave is starting');
    expect(await page.textContent('.who .name')).toBe('root');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(/\/hub\/(home|spawn-pending)/);
    await page.context().close();
  });
});

describe('named servers', () => {
  it('tell their limit, are added, and refused beyond it', async () => {
    const page = await open('erin', '/hub/home');
    expect(await page.textContent('section[aria-labelledby=named-servers]')).toContain(
      'You may have up to 2.',
    );
    for (const name of ['One', 'Two']) {
      await page.goto(`${hub.url}/hub/home`);
      await page.fill('#new-server-name', name);
      await page.click('#new-server-btn');
      await page.waitForURL(/\/user\/erin\//, { timeout: 30_000 });
    }
    await page.goto(`${hub.url}/hub/home`);
    expect(await page.locator('.home-server-row').count()).toBe(2);
    await page.fill('#new-server-name', 'Three');
    await page.click('#new-server-btn');
    expect(await page.textContent('main')).toContain('already has the maximum of 2 named servers');
    await page.context().close();
  }, 90_000);
});
