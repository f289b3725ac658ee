/**
 * Our single-user server as `c.Spawner.cmd` of a real JupyterHub 6.1.1 behind its own proxy: spawn, sign-in,
 * terminal, another user, sign-out. Runs the built program.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { distScript } from '../../core/package-root.js';
import { SUBPROTOCOL } from '../../terminal/protocol/limits.js';
import { TermClient } from '../../terminal/server/testing/rig.js';
import { launchBrowser, newPage, signIn } from '../e2e/browser.js';
import { TerminalPage } from '../e2e/terminal-page.js';
import { type RealHub, startRealHub } from './peers.js';

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly version: string | undefined;
}

/** A browser as far as cookies, paths and redirects go. */
class Visitor {
  readonly #origin: URL;
  readonly #jar: Array<{ name: string; value: string; path: string }> = [];

  constructor(origin: string) {
    this.#origin = new URL(origin);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('GET', path, headers);
  }

  /** GET as a click does it, through every redirect. */
  async browse(path: string): Promise<Answer & { readonly path: string }> {
    let at = path;
    for (let hops = 0; hops < 15; hops += 1) {
      const answer = await this.get(at, { 'sec-fetch-mode': 'navigate', accept: 'text/html' });
      if (answer.status < 300 || answer.status >= 400 || answer.location === undefined)
        return { ...answer, path: at };
      const next = new URL(answer.location, new URL(at, this.#origin));
      at = `${next.pathname}${next.search}`;
    }
    throw new Error(`redirected without end, last to ${at}`);
  }

  async signIn(user: string): Promise<void> {
    await this.get('/hub/login');
    const form = new URLSearchParams({
      username: user,
      password: 'x',
      _xsrf: this.cookie('_xsrf', '/hub/') ?? '',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.#ask('POST', '/hub/login', headers, form.toString());
    if (answer.status !== 302) throw new Error(`sign-in answered ${answer.status}`);
  }

  async post(path: string, headers: Record<string, string>): Promise<Answer> {
    return this.#ask('POST', path, headers, '');
  }

  cookie(name: string, path: string): string | undefined {
    return this.#jar.find((cookie) => cookie.name === name && cookie.path === path)?.value;
  }

  cookiesFor(path: string): string {
    return this.#jar
      .filter((cookie) => path.startsWith(cookie.path))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        new URL(path, this.#origin),
        { method, agent: false, headers: { ...headers, cookie: this.cookiesFor(path) } },
        (incoming) => {
          for (const line of incoming.headers['set-cookie'] ?? []) this.#take(line);
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('end', () => {
            const version = incoming.headers['x-jupyterhub-version'];
            resolve({
              status: incoming.statusCode ?? 0,
              location: incoming.headers.location,
              text,
              version: typeof version === 'string' ? version : undefined,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  #take(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const attribute = (key: string): string | undefined =>
      attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const path = attribute('path') ?? '/';
    const expires = attribute('expires');
    const index = this.#jar.findIndex((cookie) => cookie.name === name && cookie.path === path);
    if (index !== -1) this.#jar.splice(index, 1);
    if (expires === undefined || Date.parse(expires) > Date.now()) this.#jar.push({ name, value, path });
  }
}

function openSocket(
  hub: RealHub,
  path: string,
  cookie: string,
  origin = hub.publicUrl,
): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${hub.publicUrl.replace('http', 'ws')}${path}`, [SUBPROTOCOL], {
      headers: { cookie, origin },
    });
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}

// `@` and a blank: escaped in one way by the hub, in others by what is in between.
describe.each(['alice', 'al.i ce@example.org'])(
  'anteroom-singleuser under JupyterHub 6.1.1, user %s',
  (name) => {
    const prefix = `/user/${encodeURIComponent(name).replace('%40', '@')}/`;
    let dir: string;
    let hub: RealHub;
    let owner: Visitor;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'anteroom-singleuser-'));
      const script = distScript('terminal/server/main.js');
      expect(existsSync(script), 'built by `npm run build`').toBe(true);
      hub = await startRealHub({
        dir,
        config: `
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"root-of-hub"}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(dir, 'homes', '{username}'))}
c.Spawner.cmd = ${JSON.stringify([process.execPath, script])}
c.Spawner.args = ["--ServerApp.allow_origin=nobody", "--no-browser"]
`,
      });
      owner = new Visitor(hub.publicUrl);
      await owner.signIn(name);
      const spawned = await owner.browse('/hub/spawn');
      const deadline = Date.now() + 60_000;
      for (
        let last = spawned;
        !last.path.startsWith(prefix);
        last = await owner.browse(`/hub/user-redirect/`)
      ) {
        if (Date.now() > deadline) throw new Error(`no server: ${last.status} ${last.path}\n${hub.log()}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    });
    afterAll(async () => {
      await hub?.[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    });

    it('signs its owner in and shows the page, with the version of the hub', async () => {
      const page = await owner.browse(prefix);
      expect({ status: page.status, path: page.path }).toEqual({ status: 200, path: prefix });
      expect(page.text).toContain('id="terminals"');
      expect(page.version).toBe('6.1.1');
      // The hub compares versions, and warns of a missing or different one.
      expect(hub.log()).not.toMatch(/no version header|!= jupyterhub-singleuser|singleuser version/);
    });

    it('has a terminal through the real proxy, which a second page finds again', async () => {
      const path = `${prefix}anteroom/terminal`;
      const first = await openSocket(hub, path, owner.cookiesFor(path));
      if (typeof first === 'number') throw new Error(`refused with ${first}`);
      const term = new TermClient(first);
      await term.hello();
      term.type('echo "<$((6*7))>"\n');
      await term.text('<42>');
      first.close();
      const again = await openSocket(hub, path, owner.cookiesFor(path));
      if (typeof again === 'number') throw new Error(`refused with ${again}`);
      const second = new TermClient(again);
      await second.hello();
      await second.text('<42>');
      again.close();
    });

    it('speaks terminado to clients with a token', async () => {
      const xsrf = owner.cookie('_xsrf', prefix) ?? '';
      const made = await owner.post(`${prefix}api/terminals`, {
        'x-xsrftoken': xsrf,
        'sec-fetch-mode': 'cors',
      });
      expect(made.status).toBe(200);
      const { name: terminal } = JSON.parse(made.text) as { name: string };
      const path = `${prefix}terminals/websocket/${terminal}`;
      const socket = await openSocket(hub, path, owner.cookiesFor(path));
      if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
      let output = '';
      socket.on('message', (data: Buffer) => {
        const [kind, text] = JSON.parse(data.toString('utf8')) as [string, unknown];
        if (kind === 'stdout') output += String(text);
      });
      socket.send('["set_size", 30, 100]');
      socket.send('["stdin", "stty size\\r"]');
      await expect.poll(() => output, { timeout: 10_000 }).toContain('30 100');
      socket.close();
    });

    it('refuses others: another user, nobody, and foreign pages, before any 101', async () => {
      const bob = new Visitor(hub.publicUrl);
      await bob.signIn('bob');
      expect((await bob.browse(prefix)).status).toBe(403);
      const path = `${prefix}anteroom/terminal`;
      expect(await openSocket(hub, path, bob.cookiesFor(path))).toBe(403);
      expect(await openSocket(hub, path, '')).toBe(403);
      expect(await openSocket(hub, path, owner.cookiesFor(path), 'https://evil.example')).toBe(403);
      expect(await openSocket(hub, path, owner.cookiesFor(path), 'null')).toBe(403);
      expect((await owner.post(`${prefix}api/terminals`, { 'sec-fetch-mode': 'cors' })).status).toBe(403);
    });

    it('lets an admin in by the hub, after consent only', async () => {
      const admin = new Visitor(hub.publicUrl);
      await admin.signIn('root-of-hub');
      const page = await admin.browse(prefix);
      expect(page.path).toContain('/hub/api/oauth2/authorize');
      expect(page.text).toContain('oauth');
    });

    it('reports activity that the hub takes', async () => {
      expect(hub.log()).not.toMatch(/[45]\d\d POST \/hub\/api\/users\/.*\/activity/);
      expect(hub.log()).toMatch(/200 POST \/hub\/api\/users\/.*\/activity/);
    });

    it('signs out: cookies are of no use, and the open socket closes with 4401', async () => {
      const path = `${prefix}anteroom/terminal`;
      const cookies = owner.cookiesFor(path);
      const socket = await openSocket(hub, path, cookies);
      if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
      const term = new TermClient(socket);
      await term.hello();
      const out = await owner.browse(`${prefix}logout`);
      expect(out.path).toContain('/hub/login');
      // This hub announces nothing: the server asks again by itself after a sign-out that it saw.
      expect((await term.closing(10_000)).code).toBe(4401);
      expect(await openSocket(hub, path, cookies)).toBe(403);
      expect((await owner.get(prefix, { 'sec-fetch-mode': 'navigate' })).location).toContain(
        'oauth2/authorize',
      );
    });

    it("tells an open page that it was stopped, after Stop on the hub's own page", async () => {
      const browser = await launchBrowser();
      try {
        const { context, page } = await newPage(browser);
        await TerminalPage.prepare(page);
        await page.goto(`${hub.publicUrl}/hub/login?next=${encodeURIComponent(prefix)}`);
        await signIn(page, name);
        const terminal = new TerminalPage(page);
        await terminal.connected();
        const home = await context.newPage();
        await home.goto(`${hub.publicUrl}/hub/home`);
        await home.click('#stop');
        await terminal.state('stopped', 30_000);
        await page.click('#banner-action');
        await terminal.connected(60_000);
      } finally {
        await browser.close();
      }
    });
  },
);
