import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../e2e/browser.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { freePort } from '../support/ports.js';
import { ended, start, tail } from './peers/child.js';

/**
 * A header that names the user, set by a real nginx in front of the proxy of the built hub. A client that goes past it,
 * or sends the header through it, is who nginx says it is, or nobody.
 */
const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
  existsSync(path),
);
const SECRET = 'what nginx and hub know, and nobody else';

const PEOPLE = ['ann', 'bob'];
const PASSWORD = 'what nginx asks for';

/** A user's own server that tells what it is sent. */
const CURIOUS = `
  import { createServer } from 'node:http';
  const { port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  createServer(({ headers }, response) => response.end(JSON.stringify(headers))).listen(port, '127.0.0.1');
`;

const config = (port: number, hubPort: number, folder: string): string => `
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/t1;
  proxy_temp_path ${folder}/t2;
  fastcgi_temp_path ${folder}/t3;
  uwsgi_temp_path ${folder}/t4;
  scgi_temp_path ${folder}/t5;
  server {
    listen 127.0.0.1:${port};
    auth_basic "the front's own sign-in";
    auth_basic_user_file ${folder}/people;
    proxy_http_version 1.1;
    location / {
      proxy_pass http://127.0.0.1:${hubPort};
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-User-Id "";
      proxy_set_header X-Proxy-Secret "";
      proxy_set_header Authorization "";
    }
    location = /hub/header_login {
      proxy_pass http://127.0.0.1:${hubPort};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-User-Id $remote_user;
      proxy_set_header X-Proxy-Secret "${SECRET}";
      proxy_set_header Authorization "";
    }
  }
}
`;

if (NGINX === undefined)
  process.stdout.write('header-nginx: SKIPPED, no nginx: apt-get install nginx-light\n');

describe.skipIf(NGINX === undefined)('a header that nginx sets', () => {
  let hub: HubProcess;
  let folder: string;
  let front: string;
  let nginx: ReturnType<typeof start>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anteroom-nginx-'));
    const curious = join(folder, 'curious.mjs');
    await writeFile(curious, CURIOUS);
    hub = await startHub({
      config: `
        c.JupyterHub.authenticator_class = 'header';
        c.HeaderAuthenticator.trusted_proxies = ['127.0.0.1'];
        c.HeaderAuthenticator.proxy_secret = '${SECRET}';
        c.HeaderAuthenticator.logout_redirect_url = 'https://front.example/logout';
        c.JupyterHub.trusted_downstream_ips = ['127.0.0.1'];
        c.Spawner.cmd = [${JSON.stringify(process.execPath)}, ${JSON.stringify(curious)}];
      `,
    });
    const port = await freePort();
    front = `http://127.0.0.1:${port}`;
    // nginx's workers are somebody else when it is started as root
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'people'), PEOPLE.map((name) => `${name}:{PLAIN}${PASSWORD}\n`).join(''));
    await writeFile(join(folder, 'nginx.conf'), config(port, hub.port, folder));
    const log = join(folder, 'out.log');
    nginx = start([NGINX ?? '', '-p', folder, '-c', join(folder, 'nginx.conf')], log);
    for (let tries = 0; !(await answers(`${front}/hub/health`, basic('ann'))); tries++) {
      if (tries > 100 || nginx.exitCode !== null) throw new Error(`nginx does not answer: ${tail(log)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  afterAll(async () => {
    if (nginx) {
      nginx.kill('SIGTERM');
      await ended(nginx);
    }
    await hub?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('signs its people in, in Chromium, and brings them to where they wanted to go', async () => {
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext({ httpCredentials: { username: 'ann', password: PASSWORD } });
      const page = await context.newPage();
      await page.goto(`${front}/hub/token`);
      expect(page.url()).toBe(`${front}/hub/token`);
      expect(await page.textContent('body')).toContain('ann');
    } finally {
      await browser.close();
    }
  });

  it('is told to the hub alone, even by a front that tells everybody', async () => {
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext({ httpCredentials: { username: 'bob', password: PASSWORD } });
      const page = await context.newPage();
      await page.goto(`${front}/hub/spawn`);
      await page.waitForURL(/\/user\/bob\//);
    } finally {
      await browser.close();
    }
    const sent = { 'x-user-id': 'bob', 'x-proxy-secret': SECRET, 'x-other': 'seen' };
    const { status, text } = await ask(`${hub.url}/user/bob/`, sent);
    expect(status).toBe(200);
    expect(text).toContain('"x-other":"seen"');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('x-proxy-secret');
  });

  it('is not taken from the client, through nginx or past it', async () => {
    const forged = { 'x-user-id': 'root', 'x-proxy-secret': SECRET };
    const through = await ask(`${front}/hub/header_login`, { ...forged, authorization: basic('bob') });
    expect(through.status).toBe(302);
    expect(await hub.log()).toMatch(/user signed in user=bob /);
    const past = await ask(`${hub.url}/hub/header_login`, { 'x-user-id': 'root' });
    expect(past.status).toBe(403);
    expect(past.text).toContain('Sign in where this hub is reached from');
    const claimed = { 'x-user-id': 'root', 'x-forwarded-for': '127.0.0.1' };
    expect((await ask(`${hub.url}/hub/header_login`, claimed)).status).toBe(403);
    const straight = `http://127.0.0.1:${hub.hubPort}/hub/header_login`;
    expect((await ask(straight, claimed)).status).toBe(403);
    expect(await hub.log()).not.toMatch(/user signed in user=root /);
  });

  it('leads to the front’s own sign-out', async () => {
    const out = await ask(`${front}/hub/logout`, { authorization: basic('ann') });
    expect([out.status, out.location]).toEqual([302, 'https://front.example/logout']);
  });
});

async function ask(url: string, headers: Readonly<Record<string, string>>) {
  const answer = await fetch(url, { headers, redirect: 'manual' });
  return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
}

function basic(name: string): string {
  return `Basic ${Buffer.from(`${name}:${PASSWORD}`).toString('base64')}`;
}

function answers(url: string, authorization: string): Promise<boolean> {
  return fetch(url, { headers: { authorization } }).then(
    (answer) => answer.ok,
    // nobody listens yet
    () => false,
  );
}
