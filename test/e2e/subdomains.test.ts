import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { launchBrowser, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';
import { TerminalPage } from './terminal-page.js';

const CERTIFICATES = join(packageRoot(), 'test/fixtures/tls');

/** Browsers tell less, and keep less, where a page came without TLS. */
const WAYS = [
  { scheme: 'http', tls: false, prefix: '', settings: '' },
  {
    scheme: 'https',
    tls: true,
    prefix: '__Host-',
    settings: `
      c.JupyterHub.ssl_key = '${join(CERTIFICATES, 'server.key')}';
      c.JupyterHub.ssl_cert = '${join(CERTIFICATES, 'server.crt')}';
      c.JupyterHub.cookie_host_prefix_enabled = true;`,
  },
] as const;

/**
 * Every user on a host of their own, in a real browser that finds all names at this machine: sign in at the hub's host,
 * terminal on one's own, somebody else's, pages of other hosts, sign out.
 */
describe.each(WAYS)('a host for each user over $scheme', ({ scheme, tls, prefix, settings }) => {
  let hub: HubProcess;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const origin = (name: string): string => `${scheme}://${name}hub.test:${hub.port}`;

  beforeAll(async () => {
    const config = (port: number): string =>
      `${settings} c.JupyterHub.subdomain_host = '${scheme}://hub.test:${port}';`;
    hub = await startHub({ config, tls });
    browser = await launchBrowser(['--host-resolver-rules=MAP *.test 127.0.0.1']);
  }, 120_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await browser?.close();
    await hub?.[Symbol.asyncDispose]();
  });

  async function visitor(
    name: string,
  ): Promise<{ page: Page; terminal: TerminalPage; context: BrowserContext }> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    contexts.push(context);
    const page = await context.newPage();
    await TerminalPage.prepare(page);
    await page.goto(`${origin('')}/`);
    await signIn(page, name);
    const terminal = new TerminalPage(page);
    await terminal.connected();
    return { page, terminal, context };
  }

  it('signs in at the hub and works in a terminal of the own host', async () => {
    const { page, terminal, context } = await visitor('alice');
    expect(page.url()).toMatch(new RegExp(`^${origin('alice.')}/user/alice/(?:#1)?$`));
    await terminal.type('echo typed-$((6*7))\n');
    await terminal.shows(/typed-42/);
    await page.reload();
    await terminal.connected();
    await terminal.shows(/typed-42/);
    const cookies = (await context.cookies()).map(({ name, domain, path, secure }) => ({
      name,
      domain,
      path,
      secure,
    }));
    const at = prefix === '' ? (path: string) => path : () => '/';
    expect(cookies).toEqual(
      expect.arrayContaining([
        { name: `${prefix}jupyterhub-hub-login`, domain: 'hub.test', path: at('/hub/'), secure: tls },
        {
          name: `${prefix}jupyterhub-user-alice`,
          domain: 'alice.hub.test',
          path: at('/user/alice/'),
          secure: tls,
        },
        { name: 'jupyterhub-session-id', domain: '.hub.test', path: '/', secure: tls },
      ]),
    );
    const everywhere = cookies.filter(({ domain }) => domain.startsWith('.')).map(({ name }) => name);
    expect(everywhere).toEqual(['jupyterhub-session-id']);
  });

  it('makes a host name of a name that is none', async () => {
    const { page, terminal } = await visitor('zoë');
    expect(new URL(page.url()).origin).toBe(origin('xn--zo-ija.'));
    await terminal.type('echo here-$((3*3))\n');
    await terminal.shows(/here-9/);
  });

  it("keeps others out of one's host, and their pages from one's terminal", async () => {
    const alice = await visitor('alice');
    const { page: bob } = await visitor('bob');
    const refused = await bob.goto(`${origin('alice.')}/user/alice/`);
    expect(refused?.status()).toBe(403);
    // the hub says so, before a code is made for her server
    expect(new URL(bob.url()).origin).toBe(origin(''));
    // a page of another user's host has alice's cookies sent along: they are of the same site
    const foreign = await alice.context.newPage();
    await foreign.route(`${origin('mallory.')}/**`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<p>' }),
    );
    await foreign.goto(`${origin('mallory.')}/trap`);
    const socket = `${origin('alice.').replace(/^http/, 'ws')}/user/alice/anteroom/terminal`;
    expect(await socketOutcome(foreign, socket)).toBe('refused');
    expect(await socketOutcome(alice.page, socket)).toBe('open');
  });

  it('knows no server under a host that is not its own', async () => {
    const { page } = await visitor('alice');
    await page.goto(`${origin('bob.')}/user/alice/`);
    // the hub takes it and sends the browser to the right host
    expect(page.url()).toMatch(new RegExp(`^${origin('alice.')}/user/alice/`));
  });

  it('closes the terminal within two seconds when the session ends at the hub', async () => {
    const { page, terminal, context } = await visitor('carol');
    const other = await context.newPage();
    await other.goto(`${origin('')}/hub/logout`);
    const before = Date.now();
    await terminal.state('signed-out', 5000);
    expect(Date.now() - before).toBeLessThan(2000);
    await page.goto(`${origin('carol.')}/user/carol/`);
    expect(page.url()).toContain(`${origin('')}/hub/login?next=`);
    expect((await context.cookies()).map(({ name }) => name)).not.toContain('jupyterhub-session-id');
  });

  it('tells an open terminal that its server was stopped, with a link to the hub that starts it again', async () => {
    const { page, terminal, context } = await visitor('erin');
    const home = await context.newPage();
    await home.goto(`${origin('')}/hub/home`);
    await home.click('#stop');
    await terminal.state('stopped', 20_000);
    expect(await page.getAttribute('#banner-action', 'href')).toBe(`${origin('')}/hub/spawn/erin`);
    await page.click('#banner-action');
    await page.waitForURL((url) => url.origin === origin('erin.'));
    await terminal.connected();
  });

  it('ends the session from the page of the server too', async () => {
    const { page } = await visitor('dave');
    await page.goto(`${origin('dave.')}/user/dave/logout`);
    await page.waitForURL(`${origin('')}/hub/login`);
    await page.goto(`${origin('dave.')}/user/dave/`);
    expect(page.url()).toContain(`${origin('')}/hub/login?next=`);
  });
});

/** Whether a page may open the terminal's socket. */
function socketOutcome(page: Page, url: string): Promise<string> {
  return page.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address, 'term.v1');
        socket.onopen = () => resolve('open');
        socket.onerror = () => resolve('refused');
      }),
    url,
  );
}
