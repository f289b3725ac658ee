/**
 * Programs written for JupyterHub under our built hub with a host for each user, in a real browser that finds all names
 * at this machine: jupyterhub-singleuser 6.1.1 with JupyterLab, and JupyterHub's own whoami example as a service.
 */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, signIn } from '../e2e/browser.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { freePorts } from '../support/ports.js';
import { ensureExamples, ensureVenv } from './peers.js';

const START_MS = 90_000;

let hub: HubProcess;
let browser: Browser;
const origin = (name: string): string => `http://${name}hub.test:${hub.port}`;

beforeAll(async () => {
  const venv = await ensureVenv();
  const [port] = await freePorts(1);
  const whoami = {
    name: 'whoami',
    url: `http://127.0.0.1:${port}`,
    command: [venv.python, join(await ensureExamples(), 'service-whoami/whoami-oauth.py')],
    oauth_no_confirm: true,
  };
  hub = await startHub({
    config: (publicPort) => `
      c.JupyterHub.subdomain_host = 'http://hub.test:${publicPort}';
      c.JupyterHub.services = ${JSON.stringify([whoami])};
      c.JupyterHub.load_roles = [{ name: 'user', scopes: ['access:services', 'self'] }];
      c.Spawner.cmd = [${JSON.stringify(join(venv.python, '../jupyterhub-singleuser'))}];
      c.Spawner.args = ['--allow-root'];
      c.Spawner.http_timeout = 90;
      c.Spawner.start_timeout = 90;
    `,
    readyTimeoutMs: START_MS,
  });
  browser = await launchBrowser(['--host-resolver-rules=MAP *.test 127.0.0.1']);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

async function visitor(name: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${origin('')}/hub/login?next=%2Fhub%2Ftoken`);
  await signIn(page, name);
  await page.waitForURL(`${origin('')}/hub/token`);
  return page;
}

describe('with a host for each user', () => {
  it('a service signs people in on its own host', async () => {
    const page = await visitor('alice');
    const service = `${origin('whoami--service.')}/services/whoami/`;
    // the hub answers before its services do
    await expect.poll(async () => (await page.goto(service))?.status(), { timeout: 60_000 }).toBe(200);
    expect(page.url()).toBe(`${origin('whoami--service.')}/services/whoami/`);
    expect(JSON.parse((await page.textContent('pre, body')) ?? '')).toMatchObject({ name: 'alice' });
  });

  it('jupyterhub-singleuser serves its owner on the own host, refuses others, and ends with the session', async () => {
    const alice = await visitor('alice');
    await alice.goto(`${origin('')}/hub/spawn`);
    await alice.waitForURL(`${origin('alice.')}/user/alice/lab**`, { timeout: START_MS });
    const known = await alice.goto(`${origin('alice.')}/user/alice/api/status`);
    expect(known?.status()).toBe(200);
    const bob = await visitor('bob');
    expect((await bob.goto(`${origin('alice.')}/user/alice/lab`))?.status()).toBe(403);
    expect((await bob.goto(`${origin('alice.')}/user/alice/api/contents`))?.status()).toBe(403);
    await alice.goto(`${origin('')}/hub/logout`);
    await alice.goto(`${origin('alice.')}/user/alice/lab`);
    expect(alice.url()).toContain(`${origin('')}/hub/login?next=`);
  }, 240_000);
});
