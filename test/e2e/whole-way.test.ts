import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPage, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';
import { type Relay, startRelay } from './relay.js';
import { TerminalPage } from './terminal-page.js';

/**
 * The whole way in a real browser, by two users at once: sign in, progress, terminal, reload, a network that stalls and
 * one that resets, somebody else's server, sign out.
 */
let hub: HubProcess;
let relay: Relay;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  hub = await startHub();
  relay = await startRelay(hub.port);
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  for (const context of contexts) await context.close();
  await browser?.close();
  await relay?.[Symbol.asyncDispose]();
  await hub?.[Symbol.asyncDispose]();
});

async function visitor(
  name: string,
): Promise<{ page: Page; terminal: TerminalPage; context: BrowserContext }> {
  const { context, page } = await newPage(browser);
  contexts.push(context);
  await TerminalPage.prepare(page);
  await page.goto(`http://127.0.0.1:${relay.port}/`);
  await signIn(page, name);
  const terminal = new TerminalPage(page);
  await terminal.connected();
  return { page, terminal, context };
}

describe('the whole way', () => {
  it('serves two users at once, each their own shell', async () => {
    const [alice, bob] = await Promise.all([visitor('alice'), visitor('bob')]);
    await alice.terminal.type('echo alice-$((6*7))\n');
    await bob.terminal.type('echo bob-$((6*8))\n');
    await alice.terminal.shows(/alice-42/);
    await bob.terminal.shows(/bob-48/);
    expect(await alice.terminal.text()).not.toContain('bob-48');
    expect(alice.page.url()).toContain('/user/alice/');
  });

  it('shows progress while a server starts, and the same shell after a reload', async () => {
    const { page, terminal } = await visitor('carol');
    await terminal.type('MARK=here-$((40+2)); echo $MARK\n');
    await terminal.shows(/here-42/);
    await page.reload();
    await terminal.connected();
    await terminal.shows(/here-42/);
    await terminal.type('echo again-$MARK\n');
    await terminal.shows(/again-here-42/);
  });

  it('goes on after ten seconds of silence with nothing lost', async () => {
    const { terminal } = await visitor('dave');
    await terminal.type('for i in $(seq 1 30); do echo tick-$i; sleep 0.5; done; echo all-$((30*1))\n');
    await terminal.shows(/tick-3\b/);
    relay.stall();
    await delay(10_000);
    relay.resume();
    await terminal.shows(/all-30/, 40_000);
    await terminal.type('clear; echo after-stall-$((1+1))\n');
    await terminal.shows(/after-stall-2/);
  }, 120_000);

  it('goes on after connections were reset, and what was typed meanwhile arrives', async () => {
    const { terminal } = await visitor('erin');
    await terminal.type('echo before-$((2*2))\n');
    await terminal.shows(/before-4/);
    relay.cut();
    await terminal.state('reconnecting');
    await terminal.type('echo typed-while-away-$((5*5))\n');
    await delay(2000);
    relay.resume();
    await terminal.state('connected', 20_000);
    await terminal.shows(/typed-while-away-25/, 20_000);
    await terminal.shows(/before-4/);
  });

  it("keeps others out of one's server with 403", async () => {
    await visitor('frank');
    const { page } = await visitor('grace');
    const response = await page.goto(`http://127.0.0.1:${relay.port}/user/frank/`);
    expect(response?.status()).toBe(403);
  });

  it('lets no WebSocket through without a token', async () => {
    await visitor('heidi');
    const status = await upgradeStatus('/user/heidi/anteroom/terminal');
    expect(status).toBe(403);
    const terminado = await upgradeStatus('/user/heidi/terminals/websocket/1');
    expect(terminado).toBe(403);
  });

  it('refuses the old tab after a sign-out and closes its socket within two seconds', async () => {
    const { page, terminal, context } = await visitor('ivan');
    const other = await context.newPage();
    await other.goto(`http://127.0.0.1:${relay.port}/hub/logout`);
    const before = Date.now();
    await terminal.state('signed-out', 5000);
    expect(Date.now() - before).toBeLessThan(2000);
    const response = await page.goto(`http://127.0.0.1:${relay.port}/user/ivan/`);
    expect(page.url()).toContain('/hub/login');
    expect(response?.status()).toBe(200);
  });
});

/** Status line of an upgrade without any credential. */
function upgradeStatus(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(hub.port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer to the upgrade')));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const match = /^HTTP\/1\.1 (\d{3})/.exec(answer);
      if (!match) return;
      socket.destroy();
      resolve(Number(match[1]));
    });
    socket.on('error', reject);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${hub.port}\r\nOrigin: http://127.0.0.1:${hub.port}\r\n` +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: term.v1\r\n\r\n',
    );
  });
}
