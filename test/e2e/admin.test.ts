import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults } from './axe.js';
import { launchBrowser, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';

/** The administrators' pages of the built hub in a browser, with 2,000 users that came in by the API. */
const TOKEN = 'a'.repeat(32);
const USERS = Array.from({ length: 2000 }, (_, n) => `student-${String(n).padStart(4, '0')}`);
const API = { authorization: `token ${TOKEN}`, 'content-type': 'application/json' };

let hub: HubProcess;
let browser: Browser;
const complaints: string[] = [];

beforeAll(async () => {
  hub = await startHub({
    config: `
      c.Authenticator.admin_users = ['root', 'boss'];
      c.JupyterHub.allow_named_servers = true;
      c.JupyterHub.redirect_to_server = false;
      c.JupyterHub.services = [{ name: 'seed', api_token: '${TOKEN}' }];
      c.JupyterHub.load_groups = { class: { users: ['anna'], properties: {} } };
      c.JupyterHub.load_roles = [
        { name: 'seed', scopes: ['admin:users', 'admin:servers', 'admin:groups'], services: ['seed'] },
        { name: 'helpdesk', scopes: ['admin-ui', 'list:users', 'read:servers', 'delete:servers'], users: ['helper'] },
      ];
    `,
  });
  await api('POST', 'users', { usernames: [...USERS, 'bea', 'carl', 'dora'] }, 201);
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function api(method: string, path: string, body: unknown, expected?: number): Promise<unknown> {
  const answer = await fetch(`${hub.url}/hub/api/${path}`, {
    method,
    headers: API,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (expected !== undefined) expect(answer.status, text).toBe(expected);
  return text === '' ? undefined : JSON.parse(text);
}

async function isReady(user: string): Promise<boolean> {
  const model = (await api('GET', `users/${user}`, undefined)) as { readonly server?: string | null };
  return Boolean(model.server);
}

async function open(
  name: string,
  path: string,
  options: { readonly javaScriptEnabled?: boolean } = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${hub.url}/hub/login?next=${encodeURIComponent(path)}`);
  await signIn(page, name);
  await page.waitForURL(`${hub.url}${path}`);
  return page;
}

const row = (page: Page, user: string) => page.locator(`tr[data-key="${user}"]`);
const chip = (page: Page, user: string) => row(page, user).locator('.chip').first();

async function shows(page: Page, user: string, state: string): Promise<void> {
  await row(page, user).locator(`.chip.${state}`).first().waitFor({ timeout: 20_000 });
}

describe('the table', () => {
  it('finds and turns pages over 2,000 users, and the address says where one is', async () => {
    const page = await open('root', '/hub/admin');
    expect(await page.textContent('#count')).toContain('1 to 50 of 20');
    await page.click('a[rel=next]');
    await page.waitForURL(/offset=50/);
    expect(await page.locator('.user-row').count()).toBe(50);
    await page.fill('#name-filter', 'STUDENT-19');
    await page.keyboard.press('Enter');
    await page.waitForURL(/name_filter=STUDENT-19/);
    expect(await page.textContent('#count')).toBe('1 to 50 of 100');
    await page.click('a[rel=next]');
    expect(await page.locator('.user-row').last().getAttribute('data-key')).toBe('student-1999');
    const size = (await (await page.goto(page.url()))?.body())?.length ?? Number.NaN;
    expect(size).toBeLessThan(60_000);
    await page.click('thead a:has-text("User")');
    expect(await page.locator('.user-row').first().getAttribute('data-key')).toBe('student-1999');
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('User');
    await page.selectOption('#state-filter', 'admins');
    await page.fill('#name-filter', '');
    await page.click('.filters button');
    await page.waitForURL(/state=admins/);
    expect(await page.locator('.user-row').count()).toBe(2);
    await page.context().close();
  });

  it('starts, shows the states by itself to two administrators, opens and stops', async () => {
    const [root, boss] = await Promise.all([
      open('root', '/hub/admin?name_filter=bea'),
      open('boss', '/hub/admin?name_filter=bea'),
    ]);
    expect(await chip(root, 'bea').textContent()).toBe('stopped');
    await row(root, 'bea').getByRole('button', { name: 'Start' }).click();
    await shows(root, 'bea', 'ready');
    // The other one did nothing.
    await shows(boss, 'bea', 'ready');
    expect(await row(boss, 'bea').getByRole('link', { name: 'Open' }).getAttribute('href')).toBe(
      '/user/bea/',
    );
    await row(boss, 'bea').getByRole('button', { name: 'Stop' }).click();
    await shows(boss, 'bea', 'stopped');
    await shows(root, 'bea', 'stopped');
    await Promise.all([root.context().close(), boss.context().close()]);
  });

  it('counts anew after a deletion, and says so when nobody is left', async () => {
    const names = ['zora-1', 'zora-2', 'zora-3'];
    await api('POST', 'users', { usernames: names }, 201);
    const page = await open('root', '/hub/admin?name_filter=zora-');
    expect(await page.textContent('#count')).toBe('1 to 3 of 3');
    const remove = async (...users: string[]): Promise<void> => {
      for (const user of users) await row(page, user).locator('input[type=checkbox]').check();
      await page.click('[value=delete-selected]');
      await page.locator('#ask .danger').click();
      for (const user of users) await row(page, user).waitFor({ state: 'detached' });
    };
    await remove('zora-2');
    await expect.poll(() => page.textContent('#count')).toBe('1 to 2 of 2');
    await remove('zora-1', 'zora-3');
    await expect.poll(() => page.textContent('#count')).toBe('0 to 0 of 0');
    expect(await page.isVisible('.empty')).toBe(true);
    expect(await page.isVisible('#users')).toBe(false);
    await page.context().close();
  });

  it('says beside a row what another administrator was quicker with', async () => {
    const [root, boss] = await Promise.all([
      open('root', '/hub/admin?name_filter=carl'),
      open('boss', '/hub/admin?name_filter=carl'),
    ]);
    await root.evaluate(
      'window.fetch = ((real) => (url, init) => init?.method === "POST" ? real(url, init) : new Promise(() => {}))(window.fetch)',
    );
    await row(boss, 'carl').getByRole('button', { name: 'Start' }).click();
    await shows(boss, 'carl', 'ready');
    await row(root, 'carl').getByRole('button', { name: 'Start' }).click();
    const said = row(root, 'carl').locator('.problem');
    await said.waitFor();
    expect(await said.textContent()).toContain('already running');
    expect(await root.textContent('#outcome')).toContain('Started 0 of 1.');
    await Promise.all([root.context().close(), boss.context().close()]);
  });

  it('starts and stops the marked after a question, by keyboard alone, and Escape takes it back', async () => {
    const names = ['student-0100', 'student-0101', 'student-0102'];
    const page = await open('root', '/hub/admin?name_filter=student-010');
    expect(await page.locator('[data-bulk]').first().isDisabled()).toBe(true);
    for (const name of names) {
      await row(page, name).locator('input[type=checkbox]').focus();
      await page.keyboard.press('Space');
    }
    expect(await page.textContent('#marked')).toBe('3 marked');
    const start = page.getByRole('button', { name: 'Start servers' });
    await start.focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    expect(await page.textContent('dialog h1')).toBe('Start 3 servers?');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(await page.textContent('#marked')).toBe('3 marked');

    await start.focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    for (const name of names) await shows(page, name, 'ready');
    await expectText(page, '#outcome', 'Started 3 of 3.');
    expect(await page.textContent('#marked')).toBe('3 marked');

    await page.getByRole('button', { name: 'Stop servers' }).click();
    await page.locator('dialog .danger').click();
    for (const name of names) await shows(page, name, 'stopped');
    await page.context().close();
  }, 90_000);

  it('deletes the marked and tells which could not be', async () => {
    const page = await open('root', '/hub/admin?name_filter=dora');
    await api('POST', 'users', { usernames: ['dora2'] }, 201);
    await page.reload();
    await page.locator('#mark-all input').check();
    await page.getByRole('button', { name: 'Delete users' }).click();
    await page.locator('dialog[open]').waitFor();
    await api('DELETE', 'users/dora2', undefined, 204);
    await page.locator('dialog .danger').click();
    await expectText(page, '#outcome', 'Deleted 1 of 2.');
    expect(await page.textContent('#outcome li')).toContain('dora2');
    await api('GET', 'users/dora', undefined, 404);
    await page.context().close();
  });

  it('adds many users, and keeps what was typed when one is refused', async () => {
    const page = await open('root', '/hub/admin');
    await page.click('#add-users summary');
    await page.fill('#new-users', 'newbie-1, newbie-2\nbad/name');
    await page.click('#add-users-btn');
    expect(await page.textContent('#add-problem')).toBe('Invalid username: bad/name');
    expect(await page.inputValue('#new-users')).toContain('newbie-2');
    await page.fill('#new-users', 'newbie-1, newbie-2');
    await page.click('#add-users-btn');
    await page.waitForURL(/sort=-id/);
    for (const name of ['newbie-1', 'newbie-2']) expect(await row(page, name).count()).toBe(1);
    await page.context().close();
  });

  it('shows a role what it may do and nothing else', async () => {
    const page = await open('helper', '/hub/admin?name_filter=carl');
    await shows(page, 'carl', 'ready');
    expect(await row(page, 'carl').getByRole('link', { name: 'Open' }).count()).toBe(0);
    expect(
      await page.locator('#add-users, #shutdown, [value=delete-selected], [value=start-selected]').count(),
    ).toBe(0);
    expect(await page.getByRole('link', { name: 'Groups' }).count()).toBe(0);
    await row(page, 'carl').getByRole('button', { name: 'Stop' }).click();
    await shows(page, 'carl', 'stopped');
    expect(await row(page, 'carl').locator('button').count()).toBe(0);
    await page.context().close();
  });

  it('is said when the visitor is signed out meanwhile', async () => {
    const page = await open('boss', '/hub/admin?name_filter=bea');
    await page.context().clearCookies();
    await row(page, 'bea').getByRole('button', { name: 'Start' }).click();
    await page.locator('#outcome .message').waitFor();
    expect(await isReady('bea')).toBe(false);
    await page.context().close();
  });
});

async function expectText(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).waitFor({ timeout: 20_000 });
}

describe('users and groups', () => {
  it('renames a user, makes an administrator, and follows the named servers', async () => {
    await api('PUT', 'users/student-0001/servers/gpu-1', { display_name: 'GPU box' }, 201);
    const page = await open('root', '/hub/admin?name_filter=student-0001');
    await page.click('a:has-text("student-0001")');
    await page.fill('#user-name', 'Renamed');
    await page.check('#user-admin');
    await page.click('form[aria-labelledby=account] button');
    await page.waitForURL(/users\/renamed$/);
    expect(await page.textContent('h1')).toContain('administrator');
    const server = page.locator('tr[data-key="renamed/gpu-1"]');
    expect(await server.textContent()).toContain('GPU box');
    await server.getByRole('button', { name: 'Start' }).click();
    await server.locator('.chip.ready').waitFor({ timeout: 20_000 });
    await server.getByRole('button', { name: 'Stop' }).click();
    await server.locator('.chip.stopped').waitFor({ timeout: 20_000 });
    await server.getByRole('button', { name: 'Delete' }).click();
    await page.locator('dialog .danger').click();
    await server.waitFor({ state: 'detached' });
    await page.click('#delete-user');
    expect(await page.textContent('dialog h1')).toBe('Delete 1 user?');
    await page.locator('dialog .danger').click();
    await page.waitForURL(/\/hub\/admin$/);
    await api('GET', 'users/renamed', undefined, 404);
    await page.context().close();
  }, 90_000);

  it('makes a group, fills it, writes properties, and deletes it after a question', async () => {
    const page = await open('root', '/hub/admin/groups');
    await page.click('#add-group summary');
    await page.fill('#group-name', 'physics 1');
    await page.fill('#group-members', 'student-0002\nstudent-0003');
    await page.click('#add-group button');
    await page.waitForURL(/groups\/physics%201$/);
    expect(await page.locator('[data-member]').count()).toBe(2);
    await page.fill('#new-members', 'nobody-at-all');
    await page.getByRole('button', { name: 'Add members' }).click();
    expect(await page.textContent('#members-problem')).toBe('No such user: nobody-at-all');
    await page.fill('#properties', '{"cores": 4}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/groups\/physics%201$/);
    await page.locator('[data-member=student-0002] button').click();
    await page.waitForURL(/groups\/physics%201$/);
    expect(await api('GET', 'groups/physics%201', undefined, 200)).toMatchObject({
      users: ['student-0003'],
      properties: { cores: 4 },
    });
    await page.goto(`${hub.url}/hub/admin/users/student-0004`);
    await page.fill('#join-group', 'physics 1');
    await page.getByRole('button', { name: 'Add to group' }).click();
    expect(await page.textContent('form[aria-labelledby=groups]')).toContain('physics 1');
    await page.goto(`${hub.url}/hub/admin?group=physics+1`);
    expect(await page.locator('.user-row').count()).toBe(2);
    await page.goto(`${hub.url}/hub/admin/groups/physics%201`);
    await page.click('#delete-group');
    await page.getByRole('button', { name: 'Delete group' }).click();
    await page.waitForURL(/\/hub\/admin\/groups$/);
    await api('GET', 'groups/physics%201', undefined, 404);
    await page.context().close();
  });
});

describe('without JavaScript', () => {
  it('marks, is asked, starts and stops', async () => {
    const page = await open('root', '/hub/admin?name_filter=student-020', { javaScriptEnabled: false });
    await row(page, 'student-0200').locator('input[type=checkbox]').check();
    await row(page, 'student-0201').locator('input[type=checkbox]').check();
    await page.getByRole('button', { name: 'Start servers' }).click();
    expect(await page.textContent('h1')).toBe('Start 2 servers?');
    await page.locator('.danger').click();
    await page.waitForURL(/name_filter=student-020/);
    for (const name of ['student-0200', 'student-0201']) {
      for (let tries = 0; tries < 40 && (await chip(page, name).textContent()) !== 'ready'; tries++) {
        await page.waitForTimeout(250);
        await page.reload();
      }
      expect(await chip(page, name).textContent()).toBe('ready');
    }
    await page.click('#stop-all');
    expect(await page.textContent('h1')).toBe('Stop 2 servers?');
    await page.locator('.danger').click();
    await page.waitForURL(/name_filter=student-020/);
    expect(await isReady('student-0200')).toBe(false);
    await page.context().close();
  }, 90_000);
});

describe.each(['light', 'dark'] as const)('accessibility, %s', (theme) => {
  const paths = [
    '/hub/admin?name_filter=student-03',
    '/hub/admin/users/anna',
    '/hub/admin/groups',
    '/hub/admin/groups/class',
    '/hub/admin/shutdown',
    '/hub/home',
    '/hub/token',
  ];

  it.each(paths)('of %s', async (path) => {
    const page = await open('root', path);
    await page.emulateMedia({ colorScheme: theme });
    expect(await accessibilityFaults(page)).toEqual([]);
    for (const width of [320, 1200]) {
      await page.setViewportSize({ width, height: 700 });
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(overflow, `${width}px`).toBeLessThanOrEqual(0);
    }
    await page.context().close();
  });
});

describe('the hub', () => {
  it('leaves no complaint in the browser, and is shut down by its page after a question', async () => {
    expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
    const page = await open('root', '/hub/admin');
    await page.click('#shutdown');
    await page.selectOption('#shutdown-servers', 'stop');
    await page.click('#shutdown-confirm');
    expect(await page.textContent('h1')).toBe('The hub is shutting down');
    await expect.poll(() => isGone(hub.pid), { timeout: 20_000 }).toBe(true);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return true;
    throw error;
  }
}
