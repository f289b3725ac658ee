import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, signIn } from '../e2e/browser.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { TerminalPage } from '../e2e/terminal-page.js';
import { freePort } from '../support/ports.js';
import { type Certificate, FRONTS, isInstalled, startFront } from './fronts/fronts.js';
import { recipe } from './fronts/recipe.js';

/**
 * "A host for each user" of docs/front-proxies.md: the recipes with the changes of that section, a certificate for the
 * host and its wildcard that is verified, and beside another site, so that a front that tells sites apart must know the
 * names.
 */
const NAME = 'hub.example.org';
const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
const CERTIFICATE: Certificate = { certificate: join(folder, 'both.crt'), key: join(folder, 'both.key') };

let port: number;
let hub: HubProcess;
let browser: Browser;
const origin = (host: string): string => `https://${host}:${port}`;

beforeAll(async () => {
  makeCertificate();
  // The hub must know where browsers find it, so all fronts take the same port, one after another.
  port = await freePort();
  const settings = recipe('python')
    .split('\n')
    .filter((line) => !line.includes('bind_url'))
    .join(';\n');
  hub = await startHub({
    config: `${settings};
      c.JupyterHub.subdomain_host = '${origin(NAME)}';
      c.JupyterHub.cookie_host_prefix_enabled = true;`,
  });
  browser = await launchBrowser(['--host-resolver-rules=MAP *.example.org 127.0.0.1']);
});

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

for (const front of FRONTS.filter((one) => !isInstalled(one))) {
  console.warn(`SKIPPED: hosts behind ${front.name}: no ${front.program} (apt-get install ${front.debian})`);
}

describe.each(FRONTS)('a host for each user behind $name', (front) => {
  describe.skipIf(!isInstalled(front))('', () => {
    const user = front.name.toLowerCase();
    const own = `${user}.${NAME}`;
    let place: string;
    let running: AsyncDisposable;
    let context: BrowserContext;

    beforeAll(async () => {
      place = mkdtempSync(join(tmpdir(), 'front-'));
      running = await startFront(front, { folder: place, port, behind: hub.port, hosts: CERTIFICATE });
      context = await browser.newContext({ ignoreHTTPSErrors: true });
    });
    afterAll(async () => {
      await context?.close();
      await running?.[Symbol.asyncDispose]();
      rmSync(place, { recursive: true, force: true });
    });

    it('signs in at the hub, and works in a terminal of the own host', async () => {
      const page = await context.newPage();
      await TerminalPage.prepare(page);
      await page.goto(`${origin(NAME)}/`);
      await signIn(page, user);
      const terminal = new TerminalPage(page);
      await terminal.connected();
      await terminal.type('echo typed-$((6*7))\n');
      await terminal.shows(/typed-42/);
      expect(page.url()).toMatch(new RegExp(`^${origin(own)}/user/${user}/`));
      const names = (await context.cookies()).map(
        ({ name, domain, secure }) => `${domain} ${name} ${secure}`,
      );
      expect(names).toEqual(
        expect.arrayContaining([
          `${NAME} __Host-jupyterhub-hub-login true`,
          `${own} __Host-jupyterhub-user-${user} true`,
        ]),
      );
    });

    it('shows a certificate for each name, and hands the name on', async () => {
      const answer = await ask(NAME, '/hub/api');
      expect(answer.status).toBe(200);
      expect(answer.headers).toHaveProperty('x-jupyterhub-version');
      // On a user's host it is the user's server that answers, and it sends whoever is a stranger to the hub.
      const { status, headers } = await ask(own, `/user/${user}/`);
      expect(status).toBe(302);
      expect(headers['location']).toMatch(new RegExp(`^${origin(NAME)}/hub/api/oauth2/authorize`));
    });

    it("opens a WebSocket of a user's host to pages of that host only", async () => {
      const cookie = (await context.cookies(`${origin(own)}/user/${user}/`))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
      const upgrade = async (from: string): Promise<number> =>
        (
          await ask(own, `/user/${user}/anteroom/terminal`, {
            cookie,
            origin: from,
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-protocol': 'term.v1',
          })
        ).status;
      expect(await upgrade(origin(own))).toBe(101);
      expect(await upgrade(origin(NAME))).toBe(403);
      expect(await upgrade(origin(`nobody.${NAME}`))).toBe(403);
    });
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** @throws Error when the certificate is not the one that was made, or does not name the host */
function ask(host: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      servername: host,
      ca: readFileSync(CERTIFICATE.certificate),
      agent: false,
      headers: { host: `${host}:${port}`, ...headers },
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
    asked.end();
  });
}

/** Signed by itself, for the host and its wildcard. */
function makeCertificate(): void {
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`],
    ...['-addext', `subjectAltName=DNS:${NAME},DNS:*.${NAME}`],
    ...['-keyout', CERTIFICATE.key, '-out', CERTIFICATE.certificate],
  ]);
  if (status !== 0) throw new Error(`openssl: ${stderr?.toString()}`);
}
