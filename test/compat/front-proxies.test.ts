import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, signIn } from '../e2e/browser.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { TerminalPage } from '../e2e/terminal-page.js';
import { freePort } from '../support/ports.js';
import { FRONTS, isInstalled, startFront } from './fronts/fronts.js';
import { recipe } from './fronts/recipe.js';

/**
 * Each recipe of docs/front-proxies.md with the real program: a browser signs in over TLS, starts a server and works in
 * its terminal; the hub sees who asked and how; nothing else gets through than would without the front.
 */
const NAME = 'hub.example.org';
/** An address of this machine that is no loopback, which the hub takes for its own proxy's. */
const CLIENT = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  const settings = recipe('python')
    .split('\n')
    .filter((line) => !line.includes('bind_url'))
    .join(';\n');
  hub = await startHub({ config: `${settings}; c.JupyterHub.log_level = 10;` });
  browser = await launchBrowser([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`]);
});

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
});

for (const front of FRONTS.filter((one) => !isInstalled(one))) {
  console.warn(`SKIPPED: ${front.name} in front: no ${front.program} (apt-get install ${front.debian})`);
}

if (CLIENT === undefined) console.warn("SKIPPED: the client's address: this machine has none but loopback");

describe.each(FRONTS)('$name in front', (front) => {
  describe.skipIf(!isInstalled(front))('', () => {
    const user = front.name.toLowerCase();
    let port: number;
    let running: AsyncDisposable;
    let folder: string;
    let context: BrowserContext;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'front-'));
      port = await freePort();
      running = await startFront(front, { folder, port, behind: hub.port });
      context = await browser.newContext({ ignoreHTTPSErrors: true });
    });
    afterAll(async () => {
      await context?.close();
      await running?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    it('signs in, starts a server, and works in its terminal', async () => {
      const page = await context.newPage();
      await TerminalPage.prepare(page);
      await page.goto(`https://${NAME}:${port}/`);
      await signIn(page, user);
      const terminal = new TerminalPage(page);
      await terminal.connected();
      await terminal.type('echo typed-$((6*7))\n');
      await terminal.shows(/typed-42/);
      expect(page.url()).toMatch(new RegExp(`^https://${NAME}:${port}/user/${user}/`));
      const cookies = await context.cookies();
      expect(cookies.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['jupyterhub-hub-login', `jupyterhub-user-${user}`]),
      );
      for (const { name, secure } of cookies.filter(({ name }) => !name.startsWith('_xsrf')))
        expect(secure, name).toBe(true);
    });

    it.skipIf(CLIENT === undefined)(
      'tells the hub the client, whatever the client says of itself, and the path as it came',
      async () => {
        const path = `/hub/${user}/a%2Fb%20c/@~x`;
        const answer = await ask(port, path, { 'x-forwarded-for': '203.0.113.7' });
        expect(answer.status).toBe(404);
        await expect.poll(() => hub.log(), { timeout: 10_000 }).toContain(path);
        const line = (await hub.log()).split('\n').find((one) => one.includes(path));
        expect(line).toContain(CLIENT);
        expect(line).not.toContain('203.0.113.7');
      },
    );

    it('opens a WebSocket to pages of the hub only', async () => {
      const cookies = (await context.cookies(`https://${NAME}:${port}/user/${user}/`))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
      const upgrade = async (origin: string): Promise<number> =>
        (
          await ask(port, `/user/${user}/anteroom/terminal`, {
            cookie: cookies,
            origin,
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-protocol': 'term.v1',
          })
        ).status;
      expect(await upgrade(`https://${NAME}:${port}`)).toBe(101);
      expect(await upgrade('https://evil.example')).toBe(403);
      expect(await upgrade(`http://${NAME}:${port + 1}`)).toBe(403);
    });

    it('lets large bodies through: it is the hub that refuses one', async () => {
      const answer = await ask(port, '/hub/login', {}, Buffer.alloc(12 * 1024 * 1024, 'x'));
      expect(answer.status).toBe(413);
      expect(answer.headers).toHaveProperty('x-jupyterhub-version');
    });
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A client at an address of its own, which trusts the front's certificate. */
function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: CLIENT ?? '127.0.0.1',
      port,
      path,
      method: body ? 'POST' : 'GET',
      servername: NAME,
      rejectUnauthorized: false,
      agent: false,
      headers: { host: `${NAME}:${port}`, ...headers },
    });
    asked.setTimeout(30_000, () => asked.destroy(new Error('no answer within 30 s')));
    asked.once('error', reject);
    asked.once('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    asked.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    asked.end(body);
  });
}
