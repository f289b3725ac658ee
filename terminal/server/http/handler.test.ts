import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE } from '../../protocol/close-codes.js';
import { CLIENT_SECRET } from '../testing/hub.js';
import { Browser, Rig } from '../testing/rig.js';

const NAVIGATE = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-page-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(
    join(folder, 'index.html'),
    '<html data-user="{{user}}" data-xsrf="{{xsrf}}">{{nonce}} TERMINAL</html>',
  );
  writeFileSync(join(folder, 'assets', 'main-ABC.js'), 'void 0');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('signing in', () => {
  it('goes to the hub and back with PKCE, and ends at the page asked for', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    const browser = new Browser(rig, 'alice', 'session-1');
    const start = await browser.get(`${rig.prefix}lab?x=1`, { headers: NAVIGATE });
    const location = new URL(start.headers.location ?? '');
    expect(start.status).toBe(302);
    expect(location.pathname).toBe('/hub/api/oauth2/authorize');
    expect(location.searchParams.get('code_challenge_method')).toBe('S256');
    expect(location.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(location.searchParams.get('redirect_uri')).toBe('/user/alice/oauth_callback');
    expect(start.cookies[0]).toMatch(
      /^jupyterhub-user-alice-oauth-state=.*HttpOnly; Max-Age=600; Path=\/user\/alice\//,
    );
    const callback = await browser.get(await browser.authorize(location.href));
    expect(callback).toMatchObject({ status: 302, headers: { location: '/user/alice/lab?x=1' } });
    const auth = callback.cookies.find((cookie) => cookie.startsWith('jupyterhub-user-alice='));
    expect(auth).toMatch(/HttpOnly; Max-Age=1209600; Path=\/user\/alice\/; SameSite=Lax$/);
    // Sealed, not only signed: no token of the hub is readable in it.
    for (const token of rig.hub.tokens.keys()) {
      expect(Buffer.from(auth?.split(/[=;]/)[1] ?? '', 'base64url').includes(token)).toBe(false);
    }
    expect((await browser.get(rig.prefix, { headers: NAVIGATE })).text).toContain('TERMINAL');
  });

  it('is found without the slash at its end too, as people type it', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    expect(await rig.fetch('/user/alice?x=%2F&y')).toMatchObject({
      status: 302,
      headers: { location: '/user/alice/?x=%2F&y' },
    });
    expect((await rig.fetch('/user/alice', { method: 'POST' })).status).toBe(404);
  });

  it('works in two tabs at once', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    const browser = new Browser(rig, 'alice', 'session-1');
    const one = await browser.get(`${rig.prefix}?tab=1`, { headers: NAVIGATE });
    const two = await browser.get(`${rig.prefix}?tab=2`, { headers: NAVIGATE });
    const callbackTwo = await browser.authorize(two.headers.location ?? '');
    const callbackOne = await browser.authorize(one.headers.location ?? '');
    // Both answers come with the cookies that were there before either finished.
    const cookie = browser.cookieHeader();
    const first = await rig.fetch(callbackOne, { headers: { cookie } });
    const second = await rig.fetch(callbackTwo, { headers: { cookie } });
    expect(first).toMatchObject({ status: 302, headers: { location: '/user/alice/?tab=1' } });
    expect(second).toMatchObject({ status: 302, headers: { location: '/user/alice/?tab=2' } });
  });

  it('takes a replayed callback for what it is', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    const browser = new Browser(rig, 'alice', 'session-1');
    const start = await browser.get(rig.prefix, { headers: NAVIGATE });
    const callback = await browser.authorize(start.headers.location ?? '');
    await browser.get(callback);
    const exchanges = (): number => rig.hub.requests.filter((line) => line.includes('token')).length;
    const before = exchanges();
    expect(await browser.get(callback)).toMatchObject({ status: 302, headers: { location: '/user/alice/' } });
    expect(exchanges()).toBe(before);
    // A stranger with the link has neither cookie.
    expect((await rig.fetch(callback)).status).toBe(403);
  });

  it('refuses forged, foreign and broken callbacks with escaped pages', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    const browser = new Browser(rig, 'alice', 'session-1');
    const start = await browser.get(rig.prefix, { headers: NAVIGATE });
    const state = new URL(start.headers.location ?? '').searchParams.get('state') ?? '';
    const callback = `${rig.prefix}oauth_callback`;
    expect((await browser.get(`${callback}?code=x`)).status).toBe(400);
    expect((await browser.get(`${callback}?state=x`)).status).toBe(400);
    expect((await browser.get(`${callback}?code=x&state=${'y'.repeat(22)}`)).status).toBe(403);
    const refused = await browser.get(
      `${callback}?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E`,
    );
    expect(refused.status).toBe(400);
    expect(refused.text).not.toContain('<script>');
    expect(refused.headers['content-security-policy']).toContain("default-src 'none'");
    // A wrong code: the hub says no, nobody is signed in.
    expect((await browser.get(`${callback}?code=wrong&state=${state}`)).status).toBe(500);
    expect(browser.cookies.has('jupyterhub-user-alice')).toBe(false);
  });

  it('sends nobody elsewhere: next is a path of this server only', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    for (const path of [
      '/user/alice//evil.example/',
      '/user/alice/%2f%2fevil.example',
      `/user/alice/${'x'.repeat(3000)}`,
    ]) {
      const browser = new Browser(rig, 'alice', 'session-1');
      const start = await browser.get(path, { headers: NAVIGATE });
      const answer = await browser.get(await browser.authorize(start.headers.location ?? ''));
      expect(answer.headers.location).toMatch(/^\/user\/alice\//);
    }
  });

  it('keeps the number of state cookies bounded', async () => {
    await using rig = await Rig.start({ pageFolder: folder });
    const browser = new Browser(rig, 'alice', 'session-1');
    for (let count = 0; count < 20; count += 1) await browser.get(rig.prefix, { headers: NAVIGATE });
    expect([...browser.cookies.keys()].filter((name) => name.includes('oauth-state')).length).toBeLessThan(8);
  });

  it.each(['a@b.example', 'al ice', 'ünïcode', "o'neil%"])(
    'works for the name %s, however a proxy escapes it',
    async (user) => {
      await using rig = await Rig.start({ user, pageFolder: folder });
      const browser = new Browser(rig, encodeURIComponent(user), 'session-1');
      rig.hub.issue(user);
      const escaped = `/user/${encodeURIComponent(user)}/`;
      expect((await rig.fetch(`${escaped}api`)).status).toBe(200);
      const start = await browser.get(escaped, { headers: NAVIGATE });
      expect(start.status).toBe(302);
      // What the page comes back to has the path that the cookies have.
      const state = start.cookies[0] ?? '';
      expect(state).toContain(`Path=${rig.prefix}`);
      expect(state.startsWith(`${rig.env['JUPYTERHUB_CLIENT_ID']}-oauth-state=`)).toBe(true);
    },
  );
});

describe('who gets in', () => {
  let rig: Rig;
  let owner: Browser;

  beforeAll(async () => {
    rig = await Rig.start({ pageFolder: folder });
    owner = await rig.signIn();
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  it('answers the probe to anyone, with the version of the hub', async () => {
    const answer = await rig.fetch(`${rig.prefix}api`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toHaveProperty('version');
    expect(answer.headers['x-jupyterhub-version']).toBe('6.1.1');
    expect((await rig.fetch('/elsewhere')).headers['x-jupyterhub-version']).toBe('6.1.1');
    expect((await rig.fetch(`${rig.prefix}logout`)).headers['x-jupyterhub-version']).toBe('6.1.1');
  });

  it('proves itself to the hub, for well-formed nonces only', async () => {
    const nonce = randomBytes(32).toString('hex');
    const proof = createHmac('sha256', CLIENT_SECRET).update(`anteroom-proof:${nonce}`).digest('hex');
    const path = `${rig.prefix}api/anteroom/proof`;
    expect(JSON.parse((await rig.fetch(`${path}?nonce=${nonce}`)).text)).toEqual({ proof });
    for (const bad of [
      '',
      '?nonce=',
      '?nonce=xyz',
      `?nonce=${nonce}00`,
      `?nonce=${nonce.toUpperCase()}`,
      `?nonce=${nonce}&nonce=${nonce}`,
    ]) {
      expect((await rig.fetch(path + bad)).status, bad).toBe(400);
    }
  });

  it.each([
    ['page', '', 302],
    ['unknown page', 'whatever', 302],
    ['asset', 'assets/main-ABC.js', 403],
    ['API', 'api/terminals', 403],
    ['unknown API', 'api/kernels', 403],
    ['status', 'api/status', 403],
  ])('gives a stranger no %s', async (_what, path, status) => {
    const answer = await rig.fetch(rig.prefix + path, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(JSON.parse(answer.text)).toEqual({ message: 'Forbidden', reason: null });
      expect(answer.cookies).toEqual([]);
    }
  });

  it('refuses writes and scripts of strangers without a redirect', async () => {
    expect((await rig.fetch(rig.prefix, { method: 'POST' })).status).toBe(403);
    expect((await rig.fetch(rig.prefix, { headers: { 'sec-fetch-mode': 'cors' } })).status).toBe(403);
    expect((await rig.fetch(rig.prefix, { headers: { accept: 'application/json' } })).status).toBe(403);
  });

  it('takes tokens in the header, and scopes decide, not names', async () => {
    const ask = async (token: string): Promise<number> =>
      (await rig.fetch(`${rig.prefix}api/terminals`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    expect(await ask(rig.hub.issue('alice'))).toBe(200);
    expect(await ask(rig.hub.issue('bob', ['access:servers!server=alice/']))).toBe(200);
    expect(await ask(rig.hub.issue('root', ['access:servers']))).toBe(200);
    expect(await ask(rig.hub.issue('alice', ['read:users:name!user=alice']))).toBe(403);
    expect(await ask(rig.hub.issue('bob', ['access:servers!server=alice/other']))).toBe(403);
    expect(await ask(rig.hub.issue('bob', ['access:servers!group=all']))).toBe(403);
    expect(await ask('unknown')).toBe(403);
    expect(await ask(`${'x'.repeat(5000)}`)).toBe(403);
  });

  it('takes no token from the URL unless told to', async () => {
    const token = rig.hub.issue('alice');
    expect((await rig.fetch(`${rig.prefix}api/terminals?token=${token}`)).status).toBe(403);
    await using open = await Rig.start({ pageFolder: folder, env: { JUPYTERHUB_ALLOW_TOKEN_IN_URL: '1' } });
    const page = await open.fetch(`${open.prefix}?token=${open.hub.issue('alice')}`, { headers: NAVIGATE });
    expect(page.status).toBe(200);
    expect(page.cookies.some((cookie) => cookie.startsWith('jupyterhub-user-alice='))).toBe(true);
  });

  it('wants an XSRF token with a cookie, by the table of Fetch Metadata', async () => {
    const page = await owner.get(rig.prefix, { headers: NAVIGATE });
    const xsrf = /data-xsrf="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(owner.cookies.get('_xsrf')).toBe(xsrf);
    const path = `${rig.prefix}api/terminals`;
    const status = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await owner.get(path, { method, headers })).status;
    expect(await status({ 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await status({ 'sec-fetch-mode': 'cors', 'x-xsrftoken': xsrf })).toBe(200);
    expect(await status({ 'sec-fetch-mode': 'cors', 'x-xsrftoken': `${xsrf}x` })).toBe(403);
    expect(await status({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await status({ 'sec-fetch-mode': 'no-cors' }, 'POST')).toBe(403);
    expect(await status({}, 'POST')).toBe(403);
    expect(await status({ 'x-xsrftoken': xsrf }, 'POST')).toBe(200);
    // Of another session: a token is bound to both.
    const other = await rig.signIn('alice', 'session-2');
    expect((await other.get(path, { method: 'POST', headers: { 'x-xsrftoken': xsrf } })).status).toBe(403);
  });

  it('shows another user a plain no, and never a loop', async () => {
    const bob = await rig.signIn('bob', 'session-bob');
    const page = await bob.get(rig.prefix, { headers: NAVIGATE });
    expect(page.status).toBe(403);
    expect(page.text).toContain('user bob is not allowed');
    expect(page.cookies).toEqual([]);
  });

  it('clears a cookie that opens nothing, and tries all cookies of its name', async () => {
    const name = 'jupyterhub-user-alice';
    const stale = await rig.fetch(rig.prefix, { headers: { ...NAVIGATE, cookie: `${name}=forged` } });
    expect(stale.status).toBe(302);
    expect(
      stale.cookies.some((cookie) => cookie.startsWith(`${name}=;`) || cookie.startsWith(`${name}="";`)),
    ).toBe(true);
    const good = owner.cookies.get(name) ?? '';
    const cookie = `${name}=tossed; ${name}=${good}; jupyterhub-session-id=session-1`;
    expect((await rig.fetch(rig.prefix, { headers: { ...NAVIGATE, cookie } })).status).toBe(200);
  });

  it('serves exactly its files, for ever, under a strict policy', async () => {
    const asset = await owner.get(`${rig.prefix}assets/main-ABC.js`, {
      headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' },
    });
    expect(asset.status).toBe(200);
    expect(asset.headers['cache-control']).toContain('immutable');
    for (const path of ['assets/..%2findex.html', 'assets/%2e%2e/index.html', 'assets/none.js']) {
      expect([400, 404]).toContain((await owner.get(rig.prefix + path, { headers: NAVIGATE })).status);
    }
    const policy =
      (await owner.get(rig.prefix, { headers: NAVIGATE })).headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  });

  it('says when the hub is away, keeps who was known, and shows no secret', async () => {
    const lines: string[] = [];
    const log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
    function keep(message: string, fields?: unknown): void {
      lines.push(message + JSON.stringify(fields));
    }
    await using lonely = await Rig.start({ pageFolder: folder, log });
    const known = await lonely.signIn();
    const unknown = lonely.hub.issue('alice');
    lonely.hub.failing = 503;
    expect((await known.get(lonely.prefix, { headers: NAVIGATE })).status).toBe(200);
    const answer = await lonely.fetch(lonely.prefix, {
      headers: { ...NAVIGATE, authorization: `token ${unknown}` },
    });
    expect(answer.status).toBe(502);
    expect(lines.join('\n')).not.toContain(unknown);
    expect(lines.join('\n')).not.toContain(CLIENT_SECRET);
  });
});

describe('WebSockets', () => {
  let rig: Rig;
  let owner: Browser;
  const path = '/user/alice/anteroom/terminal';

  beforeAll(async () => {
    rig = await Rig.start({ announces: true, recheckMs: 300 });
    owner = await rig.signIn();
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  it('open to nobody without a token, cookie or right: refused before 101', async () => {
    const origin = `http://${rig.host}`;
    const expired = rig.hub.issue('alice');
    rig.hub.tokens.delete(expired);
    const bob = await rig.signIn('bob', 'session-bob');
    const refused: Record<string, string>[] = [
      { origin },
      { origin, cookie: 'jupyterhub-user-alice=forged' },
      { origin, authorization: `token ${expired}` },
      { origin, authorization: `token ${rig.hub.issue('alice', [])}` },
      { origin, authorization: `token ${rig.hub.issue('bob', ['access:servers!user=bob'])}` },
      { origin, cookie: bob.cookieHeader() },
    ];
    for (const headers of refused) expect(await rig.open(path, headers), JSON.stringify(headers)).toBe(403);
    expect(await rig.open(`${path}?token=${expired}`, { origin })).toBe(403);
  });

  it('open to pages of ours only', async () => {
    const cookie = owner.cookieHeader();
    const foreign = [
      'null',
      'https://evil.example',
      `http://${rig.host}.evil.example`,
      `http://evil.example/?${rig.host}`,
      `http://${rig.host}@evil.example`,
      'http://127.0.0.1',
      `file://${rig.host}`,
      'not an origin',
    ];
    for (const origin of foreign) {
      expect(await rig.open(path, { cookie, origin }), origin).toBe(403);
      // What a page cannot set, an attacker's proxy might: it is not believed.
      expect(await rig.open(path, { cookie, origin, 'x-forwarded-host': 'evil.example' }), origin).toBe(403);
    }
    const origin = `http://${rig.host}`;
    expect(await rig.open(path, { cookie })).toBe(403);
    expect(await rig.open(path, { cookie, origin, 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await rig.open(path, { cookie, origin, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await rig.open(path, { authorization: `token ${rig.hub.issue('alice')}`, origin: 'null' })).toBe(
      403,
    );
    const good = await rig.open(path, { cookie, origin, 'sec-fetch-site': 'same-origin' });
    expect(good).toBeInstanceOf(WebSocket);
    (good as WebSocket).close();
  });

  it('open to programs with a token, in header or URL, without an Origin', async () => {
    const token = rig.hub.issue('alice');
    for (const [where, headers] of [
      [path, { authorization: `token ${token}` }],
      [`${path}?token=${token}`, {}],
    ] as const) {
      const socket = await rig.open(where, headers);
      expect(socket).toBeInstanceOf(WebSocket);
      (socket as WebSocket).close();
    }
  });

  it('exist at their paths only', async () => {
    const headers = owner.socketHeaders();
    for (const [where, status] of [
      ['/user/alice/terminals/websocket/none', 404],
      ['/user/alice/anything', 404],
      ['/user/alicex/anteroom/terminal', 404],
      ['/anteroom/terminal', 404],
      ['/user/alice/%zz', 400],
    ] as const) {
      expect(await rig.open(where, headers), where).toBe(status);
    }
  });

  it('close with 4401 within two seconds of a revocation that the hub announces', async () => {
    const visitor = await rig.signIn('alice', 'session-revoked');
    const term = await rig.term(visitor);
    await term.hello({ session: 'revoked' });
    const began = Date.now();
    rig.hub.revoke((token) => token.sessionId === 'session-revoked');
    expect((await term.closing()).code).toBe(CLOSE.signedOut);
    expect(Date.now() - began).toBeLessThan(2_000);
    // Nor does the cache let the cookie in again.
    expect(await rig.open(path, visitor.socketHeaders())).toBe(403);
    // The shell goes on without viewers.
    expect(rig.server.sessions.get('revoked')?.state.kind).toBe('running');
  });

  it('close with 4401 when the regular check finds the token gone, and stay when the hub is away', async () => {
    const visitor = await rig.signIn('alice', 'session-silent');
    const term = await rig.term(visitor);
    await term.hello({ session: 'silent' });
    rig.hub.failing = 500;
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(term.closed).toBeUndefined();
    rig.hub.failing = undefined;
    for (const [text, token] of rig.hub.tokens)
      if (token.sessionId === 'session-silent') rig.hub.tokens.delete(text);
    expect((await term.closing()).code).toBe(CLOSE.signedOut);
  });

  it('close with 4403 when only the right is gone', async () => {
    const visitor = await rig.signIn('alice', 'session-demoted');
    const term = await rig.term(visitor);
    await term.hello({ session: 'demoted' });
    for (const [text, token] of rig.hub.tokens) {
      if (token.sessionId === 'session-demoted') rig.hub.tokens.set(text, { ...token, scopes: [] });
    }
    expect((await term.closing()).code).toBe(CLOSE.forbidden);
  });
});

describe('hostile requests', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  /** First line of the answer to raw bytes. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(rig.port, '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
        if (answer.includes('\r\n')) socket.destroy();
      });
      socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
      socket.on('error', reject);
      setTimeout(() => socket.destroy(), 3_000).unref();
    });
  }
  const get = (target: string, more = ''): Promise<string> =>
    raw(`GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`);

  it.each([
    ['http://evil.example/user/alice/api', 400],
    ['//evil.example/user/alice/api', 404],
    ['/user/alice/%', 400],
    ['/user/alice/%ff', 400],
    ['/user/alice/%00', 400],
    ['/user/alice/../bob/', 400],
    ['/user/alice%2Fapi', 404],
    ['/user/alic', 404],
    ['/user/alice', 302],
    ['/', 404],
    [`/user/alice/${'x'.repeat(9000)}`, 400],
    ['*', 400],
  ])('target %s is answered %i', async (target, status) => {
    expect(await get(target)).toContain(String(status));
  });

  it('survives headers meant to break it', async () => {
    const socket = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
    expect(await get('/user/alice/', '__proto__: x\r\nconstructor: y\r\n')).toContain('302');
    expect(await get('/user/alice/anteroom/terminal', `${socket}Sec-WebSocket-Key: bad\r\n`)).toContain(
      '403',
    );
    expect(
      await get('/user/alice/anteroom/terminal', `${socket}Sec-WebSocket-Protocol: ${'a,'.repeat(6000)}\r\n`),
    ).toMatch(/403|400/);
    expect(await get('/user/alice/', 'X: y\r\n'.repeat(2500))).toMatch(/302|431|400/);
    expect(await get('/user/alice/', `Cookie: ${'a=b; '.repeat(2000)}\r\n`)).toContain('302');
    expect(await get('/user/alice/', `X: ${'y'.repeat(20_000)}\r\n`)).toContain('431');
    expect(await raw('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n')).not.toContain('200');
    expect((await rig.fetch('/user/alice/api')).status).toBe(200);
  });
});
