import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { signValue } from '../../core/wire/signed-value.js';
import { createXsrfToken } from '../../core/wire/xsrf.js';
import { type Browser, TestHub, type TestHubOptions } from '../../test/support/hub.js';

let hub: TestHub;
const start = async (options: TestHubOptions = {}): Promise<TestHub> => {
  hub = await TestHub.make(options);
  return hub;
};
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

const signedIn = async (name = 'alice', options: TestHubOptions = {}): Promise<Browser> => {
  const browser = (await start(options)).browser();
  expect((await browser.signIn(name)).statusCode).toBe(302);
  return browser;
};

describe('the cookies of a sign-in', () => {
  it('are JupyterHub’s, name for name and attribute for attribute', async () => {
    await start();
    const browser = hub.browser();
    await browser.get('/hub/login');
    const response = await browser.post('/hub/login', { username: 'alice', password: 'correct horse' });
    const cookies = [response.headers['set-cookie'] ?? []].flat();
    expect(cookies).toHaveLength(3);
    expect(cookies.find((cookie) => cookie.startsWith('jupyterhub-session-id'))).toMatch(
      /^jupyterhub-session-id=[0-9a-f]{32}; HttpOnly; Path=\/$/,
    );
    expect(cookies.find((cookie) => cookie.startsWith('jupyterhub-hub-login'))).toMatch(
      /^jupyterhub-hub-login="2\|1:0\|10:1767323045\|20:jupyterhub-hub-login\|44:[A-Za-z0-9+/=]+\|[0-9a-f]{64}"; expires=Sun, 01 Feb 2026 03:04:05 GMT; HttpOnly; Path=\/hub\/$/,
    );
    expect(cookies.find((cookie) => cookie.startsWith('_xsrf'))).toMatch(/^_xsrf=[\w-]+; Path=\/hub\/$/);
  });

  it('carry the prefix, Secure and no Domain where the prefix is on', async () => {
    await start({
      session: {
        cookieHostPrefixEnabled: true,
        publicUrl: new URL('https://hub.example/'),
        cookieOptions: { domain: 'x.y' },
      },
    });
    const browser = hub.browser();
    await browser.get('/hub/login');
    const response = await browser.post('/hub/login', { username: 'alice', password: 'correct horse' });
    const cookies = [response.headers['set-cookie'] ?? []].flat();
    expect(cookies.find((cookie) => cookie.startsWith('__Host-'))).toMatch(/; HttpOnly; Path=\/; Secure$/);
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
  });

  it('are not set again for the same user, and keep the session when another signs in', async () => {
    const browser = await signedIn();
    const before = new Map(browser.cookies);
    await hub.clock.advance(2000);
    const again = await browser.signIn('alice');
    expect([again.headers['set-cookie']].flat().join()).not.toContain('hub-login');
    await browser.signIn('bob');
    expect(browser.cookies.get('jupyterhub-hub-login')).not.toBe(before.get('jupyterhub-hub-login'));
    expect(browser.cookies.get('jupyterhub-session-id')).toBe(before.get('jupyterhub-session-id'));
    expect(browser.cookies.get('_xsrf')).not.toBe(before.get('_xsrf'));
  });
});

describe('the login cookie', () => {
  it('is read quoted and unquoted', async () => {
    const browser = await signedIn();
    const quoted = browser.cookies.get('jupyterhub-hub-login') ?? '';
    expect(quoted.startsWith('"')).toBe(true);
    browser.cookies.set('jupyterhub-hub-login', quoted.slice(1, -1));
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
  });

  it('counts for cookie_max_age_days, whatever the browser keeps', async () => {
    const browser = await signedIn();
    await hub.clock.advance(14 * 86_400_000);
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
    await hub.clock.advance(1000);
    const late = await browser.get('/hub/home');
    expect(late.statusCode).toBe(302);
    expect(browser.cookies.has('jupyterhub-hub-login')).toBe(false);
  });

  it('is worth nothing when forged, and is cleared', async () => {
    const browser = await signedIn();
    const { cookieId } = await hub.user('alice');
    const forged = signValue(randomBytes(32), 'jupyterhub-hub-login', cookieId, hub.clock.now() / 1000);
    browser.cookies.set('jupyterhub-hub-login', forged);
    expect((await browser.get('/hub/home')).statusCode).toBe(302);
    expect(browser.cookies.has('jupyterhub-hub-login')).toBe(false);
  });

  it('dies with the cookie id of its user', async () => {
    const browser = await signedIn();
    await hub.store.users.update((await hub.user('alice')).id, { cookieId: 'other' });
    expect((await browser.get('/hub/home')).statusCode).toBe(302);
  });

  // CVE-2024-28233: a user's own server on the same host can toss cookies in.
  it('survives cookies that another path tossed in, in front and behind', async () => {
    const browser = await signedIn();
    const own = browser.cookies.get('jupyterhub-hub-login');
    for (const cookie of [
      `jupyterhub-hub-login=x; jupyterhub-hub-login=${own}`,
      `jupyterhub-hub-login=${own}; jupyterhub-hub-login="2|1:0|x"`,
    ]) {
      const response = await hub.app.inject({ url: '/hub/home', headers: { cookie } });
      expect(response.statusCode).toBe(200);
    }
  });

  it('of a browser without a session id brings one', async () => {
    const browser = await signedIn();
    browser.cookies.delete('jupyterhub-session-id');
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
    expect(browser.cookies.get('jupyterhub-session-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('with a session id that no database could hold gets a new one', async () => {
    const browser = await signedIn();
    browser.cookies.set('jupyterhub-session-id', 'x'.repeat(300));
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
    expect(browser.cookies.get('jupyterhub-session-id')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('tokens', () => {
  it.each(['token', 'Token', 'bearer', 'BEARER  '])('are taken as %s', async (scheme) => {
    await signedIn();
    const token = await hub.token(await hub.user('alice'));
    const response = await hub.app.inject({
      url: '/hub/api/user',
      headers: { authorization: `${scheme} ${token}` },
    });
    expect(response.json()).toEqual({ kind: 'user', name: 'alice', via: 'token' });
  });

  it.each(['Basic x', 'token', 'token a b', 'x', `token ${'x'.repeat(5000)}`, 'token \u00ff\u0000'])(
    'are not: %j',
    async (authorization) => {
      await start();
      const response = await hub.app.inject({ url: '/hub/api/user', headers: { authorization } });
      expect(response.statusCode).toBe(403);
    },
  );

  it('do not open pages', async () => {
    await signedIn();
    const token = await hub.token(await hub.user('alice'));
    const response = await hub.app.inject({ url: '/hub/home', headers: { authorization: `token ${token}` } });
    expect(response.statusCode).toBe(302);
  });

  it('fall back to the cookie when they are bad', async () => {
    const browser = await signedIn();
    const response = await browser.get('/hub/api/user', { authorization: 'token nonsense' });
    expect(response.json()).toMatchObject({ name: 'alice', via: 'cookie' });
  });

  it('die with their row at once, though they were right before', async () => {
    await signedIn();
    const user = await hub.user('alice');
    const headers = { authorization: `token ${await hub.token(user)}` };
    expect((await hub.app.inject({ url: '/hub/api/user', headers })).statusCode).toBe(200);
    const [row] = await hub.store.tokens.byOwner({ userId: user.id });
    await hub.store.tokens.delete([row?.id ?? 0]);
    expect((await hub.app.inject({ url: '/hub/api/user', headers })).statusCode).toBe(403);
  });
});

describe('XSRF', () => {
  const write = (browser: Browser, headers: Record<string, string>, url = '/hub/api/user') =>
    browser.send({ method: 'DELETE', url, headers, mode: 'cors' });

  it('guards every write by cookie (CVE-2020-36191)', async () => {
    const browser = await signedIn();
    const refused = await write(browser, {});
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toEqual({ status: 403, message: "'_xsrf' argument missing from DELETE" });
    const wrong = await write(browser, { 'x-xsrftoken': 'nonsense' });
    expect(wrong.json()).toMatchObject({ message: 'XSRF cookie does not match DELETE argument' });
  });

  it.each([
    ['header', (token: string) => ({ 'x-xsrftoken': token })],
    ['the other header', (token: string) => ({ 'x-csrftoken': token })],
  ])('takes the token of the cookie from a %s', async (_name, headers) => {
    const browser = await signedIn();
    expect((await write(browser, headers(browser.cookies.get('_xsrf') ?? ''))).statusCode).toBe(200);
  });

  it('takes it from the query', async () => {
    const browser = await signedIn();
    const url = `/hub/api/user?_xsrf=${browser.cookies.get('_xsrf')}`;
    expect((await write(browser, {}, url)).statusCode).toBe(200);
  });

  it('takes no token of another user, of another session, or from before the sign-in', async () => {
    const browser = await signedIn();
    const anonymous = hub.browser();
    await anonymous.get('/hub/login');
    const bob = hub.browser();
    await bob.signIn('bob');
    const alice = await hub.user('alice');
    const otherSession = createXsrfToken(
      hub.sessions.settings.cookieSecret,
      `other:${alice.cookieId}`,
      hub.clock.now() / 1000,
    );
    for (const token of [anonymous.cookies.get('_xsrf'), bob.cookies.get('_xsrf'), otherSession]) {
      expect((await write(browser, { 'x-xsrftoken': token ?? '' })).statusCode).toBe(403);
    }
  });

  // CVE-2026-40864: a form or image of another site, or of a user's server beside us, in mode no-cors.
  it.each(['cross-site', 'same-site', 'none'])(
    'is wanted of no-cors reads of the API that are %s',
    async (site) => {
      const browser = await signedIn();
      const read = (fetchSite: string) =>
        browser.send({
          method: 'GET',
          url: '/hub/api/user',
          mode: 'no-cors',
          headers: { 'sec-fetch-site': fetchSite },
        });
      expect((await read(site)).statusCode).toBe(403);
      expect((await read('same-origin')).statusCode).toBe(200);
    },
  );

  it('is answered before the path is: an unknown page too', async () => {
    await start();
    const unknown = (method: 'GET' | 'POST', url: string) => hub.app.inject({ method, url });
    expect((await unknown('POST', '/hub/nothing')).statusCode).toBe(403);
    expect((await unknown('GET', '/hub/nothing')).statusCode).toBe(404);
    expect((await unknown('POST', '/hub/api/nothing')).statusCode).toBe(404);
  });

  it('takes an API POST that is no JSON for anonymous', async () => {
    const browser = await signedIn();
    const token = browser.cookies.get('_xsrf') ?? '';
    const post = (type: string) =>
      browser.send({
        method: 'POST',
        url: '/hub/api/user',
        payload: '{}',
        headers: { 'content-type': type, 'x-xsrftoken': token },
      });
    expect((await post('text/plain')).statusCode).toBe(403);
    expect((await post('application/json; charset=utf-8')).statusCode).toBe(200);
  });

  it('sets its cookie on navigations only', async () => {
    const browser = await signedIn();
    browser.cookies.delete('_xsrf');
    await browser.send({ method: 'GET', url: '/hub/home', mode: 'cors' });
    expect(browser.cookies.has('_xsrf')).toBe(false);
    await browser.get('/hub/home');
    expect(browser.cookies.has('_xsrf')).toBe(true);
  });
});

describe('sign-out', () => {
  // CVE-2021-41247: the other tab.
  it('kills the tokens and codes of this session, and no others', async () => {
    const browser = await signedIn();
    const alice = await hub.user('alice');
    const sessionId = browser.cookies.get('jupyterhub-session-id') ?? '';
    const kept = await hub.token(alice);
    const bound = {
      userId: alice.id,
      serviceId: null,
      hashed: 'x',
      prefix: 'x',
      clientId: 'jupyterhub-user-alice',
      created: '2026-01-02 03:04:05.000000',
      expiresAt: null,
      note: '',
      scopes: [],
    } as const;
    await hub.store.oauth.upsertClient({
      identifier: 'jupyterhub-user-alice',
      secret: 's',
      redirectUri: '/x',
      description: '',
      allowedScopes: [],
    });
    for (const id of [sessionId, 'another']) {
      await hub.store.tokens.create({ ...bound, created: bound.created as never, sessionId: id, hashed: id });
      await hub.store.oauth.createCode({
        clientId: 'jupyterhub-user-alice',
        code: id.slice(0, 30),
        expiresAt: null,
        redirectUri: '/x',
        sessionId: id,
        userId: alice.id,
        scopes: [],
        codeChallenge: null,
        codeChallengeMethod: null,
      });
    }
    expect((await browser.get('/hub/logout')).statusCode).toBe(302);
    expect(browser.cookies.size).toBe(0);
    const left = await hub.store.tokens.byOwner({ userId: alice.id });
    expect(left.map((token) => token.sessionId)).toEqual([null, 'another']);
    expect(await hub.store.oauth.code(sessionId.slice(0, 30))).toBeUndefined();
    expect(await hub.store.oauth.code('another')).toBeDefined();
    const revoked = await hub.store.revocations.since(0, 'jupyterhub-user-alice', 10);
    expect(revoked).toMatchObject([{ kind: 'session', value: sessionId, clientId: 'jupyterhub-user-alice' }]);
    const still = await hub.app.inject({ url: '/hub/api/user', headers: { authorization: `token ${kept}` } });
    expect(still.statusCode).toBe(200);
  });

  it('does nothing for a browser that is not signed in', async () => {
    await start();
    const response = await hub.app.inject({ url: '/hub/logout' });
    expect(response.headers['set-cookie']).toBeUndefined();
  });
});

describe('activity', () => {
  const seen = async (): Promise<string | null> => (await hub.user('alice')).lastActivity;

  it('is gathered, written together, and not more often than the resolution', async () => {
    const browser = await signedIn();
    await browser.get('/hub/home');
    expect(await seen()).toBeNull();
    await hub.activity.flush();
    expect(await seen()).toBe('2026-01-02 03:04:05.000000');
    await hub.clock.advance(29_000);
    await browser.get('/hub/home');
    await hub.activity.flush();
    expect(await seen()).toBe('2026-01-02 03:04:05.000000');
    await hub.clock.advance(2000);
    await browser.get('/hub/home');
    await hub.activity.flush();
    expect(await seen()).toBe('2026-01-02 03:04:36.000000');
  });

  it('of a server’s own token is not its user’s', async () => {
    await signedIn();
    const token = await hub.token(await hub.user('alice'), { note: 'Server at /user/alice/' });
    await hub.app.inject({ url: '/hub/api/user', headers: { authorization: `token ${token}` } });
    await hub.activity.flush();
    expect(await seen()).toBeNull();
  });
});

describe('refresh_auth', () => {
  const aged = async (options: TestHubOptions = {}): Promise<Browser> => {
    const browser = await signedIn('alice', options);
    await hub.clock.advance(300_000);
    return browser;
  };

  it('asks again after auth_refresh_age, once for requests that come together', async () => {
    const browser = await signedIn();
    await browser.get('/hub/home');
    expect(hub.authenticator.refreshes).toBe(0);
    await hub.clock.advance(300_000);
    await Promise.all([browser.get('/hub/home'), browser.get('/hub/home'), browser.get('/hub/home')]);
    expect(hub.authenticator.refreshes).toBe(1);
  });

  it('sends a browser to sign in again when the answer has expired', async () => {
    const browser = await aged();
    hub.authenticator.refreshed = { kind: 'expired' };
    expect((await browser.get('/hub/home')).statusCode).toBe(302);
  });

  it.each([
    [false, 200],
    [true, 403],
  ])('lets tokens go on unless strict (%s)', async (auth_refresh_strict, status) => {
    await aged({ refresh: { auth_refresh_strict } });
    hub.authenticator.refreshed = { kind: 'expired' };
    const authorization = `token ${await hub.token(await hub.user('alice'))}`;
    const response = await hub.app.inject({ url: '/hub/api/user', headers: { authorization } });
    expect(response.statusCode).toBe(status);
  });

  it('writes what has changed, and never the name', async () => {
    const browser = await aged();
    hub.authenticator.refreshed = { kind: 'updated', model: { name: 'mallory', admin: true } };
    expect((await browser.get('/hub/home')).statusCode).toBe(200);
    expect((await hub.user('alice')).admin).toBe(true);
    expect(await hub.store.users.byName('mallory')).toBeUndefined();
  });
});

describe('a directory that does not answer', () => {
  it('is a refusal nowhere: 503 where an identity is needed, and public pages go on', async () => {
    const browser = await signedIn();
    const authorization = `token ${await hub.token(await hub.user('alice'))}`;
    await hub.clock.advance(300_000);
    hub.authenticator.refreshUser = () => Promise.reject(new Error('LDAP is down'));
    const api = await hub.app.inject({ url: '/hub/api/user', headers: { authorization } });
    expect(api.statusCode).toBe(503);
    expect(api.json().message).not.toContain('LDAP');
    expect((await browser.get('/hub/home')).statusCode).toBe(503);
    expect((await browser.get('/hub/login')).statusCode).toBe(200);
    expect(JSON.stringify(hub.lines)).toContain('LDAP is down');
  });
});

describe('who asks is known before what they bring is read', () => {
  const files = (count: number): string =>
    `${'--bound\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\n\r\n'.repeat(count)}--bound--\r\n`;
  const type = { 'content-type': 'multipart/form-data; boundary=bound' };

  it('so a form of a stranger is refused unread, in whatever state it is', async () => {
    await start();
    for (const payload of [files(1), files(100_000), 'nonsense']) {
      const answer = await hub.app.inject({ method: 'POST', url: '/hub/home', headers: type, payload });
      expect([answer.statusCode, answer.body]).toEqual([403, '<p>403 </p>']);
    }
  });

  it('so a stranger with an old page hears what is wrong with it, without a form being read', async () => {
    await start();
    const url = '/hub/home?_xsrf=old';
    const answer = await hub.app.inject({ method: 'POST', url, headers: type, payload: files(100_000) });
    expect([answer.statusCode, answer.body]).toEqual([
      403,
      '<p>403 XSRF cookie does not match POST argument</p>',
    ]);
  });

  it('and the token in header or query lets in what a form holds no token for', async () => {
    const browser = await signedIn();
    const token = browser.cookies.get('_xsrf') ?? '';
    const send = (url: string, headers = {}) =>
      browser.send({ method: 'POST', url, headers: { ...type, ...headers }, payload: files(2) });
    expect((await send('/hub/home')).statusCode).toBe(403);
    expect((await send('/hub/home', { 'x-xsrftoken': token })).statusCode).toBe(200);
    expect((await send(`/hub/home?_xsrf=${token}`)).statusCode).toBe(200);
    const old = await send('/hub/home', { 'x-xsrftoken': 'old' });
    expect([old.statusCode, old.body]).toEqual([403, '<p>403 XSRF cookie does not match POST argument</p>']);
  });

  it('and a file of 9 MB in the form of somebody known arrives', async () => {
    const browser = await signedIn();
    const size = 9 * 1024 * 1024;
    const head = '--bound\r\nContent-Disposition: form-data; name="';
    const payload = `${head}_xsrf"\r\n\r\n${browser.cookies.get('_xsrf')}\r\n${head}file"; filename="x"\r\n\r\n${'a'.repeat(size)}\r\n--bound--\r\n`;
    const answer = await browser.send({ method: 'POST', url: '/hub/home', headers: type, payload });
    expect(answer.json()).toEqual({ fields: ['_xsrf'], octets: size });
  });
});
