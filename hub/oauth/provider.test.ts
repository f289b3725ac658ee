import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, TestHub } from '../../test/support/hub.js';
import {
  authorizeUrl,
  CALLBACK,
  codeFor,
  registerService,
  runServer,
  SECRET,
  tokenForm,
} from '../../test/support/oauth.js';

let hub: TestHub;
let alice: Browser;
beforeEach(async () => {
  hub = await TestHub.make();
  await registerService(hub, 'svc', ['read:users!user', 'shutdown']);
  alice = hub.browser();
  await alice.signIn('alice');
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

const exchange = (changes: Readonly<Record<string, string>>) =>
  hub.app.inject({
    method: 'POST',
    url: '/hub/api/oauth2/token',
    payload: tokenForm(changes),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
const serverUrl = (clientId: string) =>
  `/hub/api/oauth2/authorize?response_type=code&state=s&client_id=${encodeURIComponent(clientId)}`;

describe('the answer to the client', () => {
  it('is in the query, or in the fragment for a client that wants it there', async () => {
    const { clientId } = await runServer(hub, 'alice');
    const answer = async (mode: string) =>
      String((await alice.get(`${serverUrl(clientId)}&response_mode=${mode}`)).headers.location);
    expect(await answer('fragment')).toMatch(/^\/user\/alice\/oauth_callback#code=[A-Za-z0-9]{30}&state=s$/);
    for (const mode of ['query', 'form_post', 'Fragment', ''])
      expect(await answer(mode)).toMatch(/^\/user\/alice\/oauth_callback\?code=[A-Za-z0-9]{30}&state=s$/);
  });

  it('is where it was asked for when it is a refusal, too', async () => {
    const { headers } = await alice.get(authorizeUrl({ response_mode: 'fragment', response_type: 'token' }));
    expect(headers.location).toBe(`${CALLBACK}#error=unsupported_response_type&state=st`);
  });
});

describe('a server', () => {
  it('is opened by its owner without a question, and by nobody else', async () => {
    const { clientId } = await runServer(hub, 'alice');
    const own = await alice.get(serverUrl(clientId));
    expect(own.headers.location).toMatch(/^\/user\/alice\/oauth_callback\?code=[A-Za-z0-9]{30}&state=s$/);
    const bob = hub.browser();
    await bob.signIn('bob');
    const others = await bob.get(serverUrl(clientId));
    expect(others.statusCode).toBe(403);
    expect(others.body).toContain('You do not have permission to access Server at /user/alice/');
    expect(others.headers.location).toBeUndefined();
  });

  it.each([
    ['ASCII', 'x'.repeat(255)],
    ['two bytes', 'é'.repeat(255)],
    ['three bytes', '漢'.repeat(255)],
  ])('of a user with the longest name is opened by its owner too: letters of %s', async (_, name) => {
    const owner = hub.browser();
    await owner.signIn(name);
    const { clientId, prefix, token } = await runServer(hub, name, name);
    const opened = await owner.get(serverUrl(clientId));
    expect(opened.statusCode).toBe(302);
    const { pathname, searchParams } = new URL(String(opened.headers.location), 'http://x');
    expect(pathname).toBe(`${prefix}oauth_callback`);
    const answer = await exchange({
      client_id: clientId,
      client_secret: token,
      redirect_uri: `${prefix}oauth_callback`,
      code: searchParams.get('code') ?? '',
    });
    expect(answer.statusCode).toBe(200);
  });

  it('is not opened by a form that skips the page either', async () => {
    const { clientId } = await runServer(hub, 'alice');
    const bob = hub.browser();
    await bob.signIn('bob');
    const posted = await bob.post(serverUrl(clientId), { scopes: 'access:servers!server=alice/' });
    expect(posted.statusCode).toBe(403);
  });

  it('gives a token that opens this server and tells its owner, for as long as the owner may', async () => {
    const { clientId, token: secret, prefix } = await runServer(hub, 'alice', 'gpu');
    const opened = await alice.get(serverUrl(clientId));
    const code = new URL(String(opened.headers.location), 'http://x').searchParams.get('code') ?? '';
    const answer = await exchange({
      client_id: clientId,
      client_secret: secret,
      redirect_uri: `${prefix}oauth_callback`,
      code,
    });
    const { access_token: token, scope } = answer.json();
    expect(scope.split(' ').sort()).toEqual([
      'access:servers!server=alice/gpu',
      'read:users:groups!user',
      'read:users:name!user',
    ]);
    const [row] = (await hub.store.tokens.byOwner({ userId: (await hub.user('alice')).id })).filter(
      (each) => each.clientId === clientId,
    );
    expect(row).toMatchObject({
      note: '',
      sessionId: alice.cookies.get('jupyterhub-session-id'),
      expiresAt: '2026-01-16 03:04:05.000000',
    });
    const authorization = `Bearer ${token}`;
    expect((await hub.app.inject({ url: '/hub/api/user', headers: { authorization } })).json()).toMatchObject(
      { name: 'alice' },
    );
    await alice.get('/hub/logout');
    expect((await hub.app.inject({ url: '/hub/api/user', headers: { authorization } })).statusCode).toBe(403);
    // The hub's own token of the server has no browser session and stays.
    expect(
      (await hub.app.inject({ url: '/hub/api/user', headers: { authorization: `token ${secret}` } }))
        .statusCode,
    ).toBe(200);
  });

  it('that is gone opens nothing and breaks nothing', async () => {
    const { clientId, user } = await runServer(hub, 'alice');
    const spawner = await hub.store.spawners.find(user.id, '');
    await hub.store.spawners.update(spawner?.id ?? 0, { oauthClientId: null });
    const response = await alice.get(serverUrl(clientId));
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain('OAuth configuration error');
  });
});

describe('a service', () => {
  it('gets what the user holds of what it asks for, and says so beforehand', async () => {
    const page = (await alice.get(authorizeUrl())).json();
    expect(page.template).toBe('oauth.html');
    expect(page.allowed_scopes).not.toContain('shutdown');
    expect(page.scope_descriptions).toMatchObject([{ scope: 'read:users', filter: 'only you' }]);
    expect(page.oauth_client).toEqual({
      identifier: 'service-svc',
      description: 'JupyterHub service svc',
      redirect_uri: CALLBACK,
    });
    const forced = await alice.post(authorizeUrl(), { scopes: 'shutdown' });
    const code = new URL(String(forced.headers.location)).searchParams.get('code') ?? '';
    expect((await exchange({ code })).json().scope).not.toContain('shutdown');
  });

  it('asks once for the same scopes', async () => {
    expect((await alice.get(authorizeUrl())).statusCode).toBe(200);
    await exchange({ code: await codeFor(alice) });
    const url = authorizeUrl({ scope: 'read:users!user' });
    expect((await alice.get(url)).statusCode).toBe(302);
    await hub.clock.advance(1_209_601_000);
    await alice.signIn('alice');
    expect((await alice.get(url)).statusCode).toBe(200);
  });

  it('asks for nothing where nothing is ticked', async () => {
    const response = await alice.post(authorizeUrl(), {});
    const code = new URL(String(response.headers.location)).searchParams.get('code') ?? '';
    expect((await exchange({ code })).json().scope.split(' ').sort()).toEqual([
      'access:services!service=svc',
      'read:users:groups!user',
      'read:users:name!user',
    ]);
  });

  it('with inherit shows that alone', async () => {
    await registerService(hub, 'all', ['inherit']);
    const page = (
      await alice.get('/hub/api/oauth2/authorize?client_id=service-all&response_type=code')
    ).json();
    expect(page.allowed_scopes).toEqual(['inherit']);
    expect(page.scope_descriptions).toMatchObject([{ scope: 'inherit' }]);
  });
});

describe('a code', () => {
  it('works once, of many who come at the same time', async () => {
    const code = await codeFor(alice);
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange({ code })));
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, ...Array(9).fill(400)]);
    const tokens = await hub.store.tokens.byUserAndClient((await hub.user('alice')).id, 'service-svc');
    expect(tokens).toHaveLength(1);
  });

  it('lives five minutes', async () => {
    const [early, late] = [await codeFor(alice), await codeFor(alice)];
    await hub.clock.advance(300_000);
    expect((await exchange({ code: early })).statusCode).toBe(200);
    await hub.clock.advance(1000);
    expect((await exchange({ code: late })).json()).toEqual({ error: 'invalid_grant' });
  });

  // CVE-2021-41247: the other tab is in the middle of its handshake.
  it('dies when its session signs out', async () => {
    const code = await codeFor(alice);
    await alice.get('/hub/logout');
    expect((await exchange({ code })).json()).toEqual({ error: 'invalid_grant' });
  });
});

describe('what strangers send', () => {
  it.each([
    '/hub/api/oauth2/authorize',
    '/hub/api/oauth2/authorize?client_id=%00',
    '/hub/api/oauth2/authorize?client_id=%ff',
    '/hub/api/oauth2/authorize?client_id=service-svc&state=%zz',
    `/hub/api/oauth2/authorize?client_id=${'x'.repeat(5000)}`,
    '/hub/api/oauth2/authorize?client_id=service-svc&redirect_uri=javascript:alert(1)',
    '/hub/api/oauth2/authorize?client_id=service-svc&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fservices%2Fsvc%2Foauth_callback%23x',
    '/hub/api/oauth2/authorize?client_id=service-svc&redirect_uri=HTTP%3A%2F%2F127.0.0.1%3A9%2Fservices%2Fsvc%2Foauth_callback',
    '/hub/api/oauth2/authorize?client_id=service-svc&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fservices%2Fsvc%2Foauth_callback%2F',
    '/hub/api/oauth2/authorize?client_id=service-svc&redirect_uri=',
  ])('is answered by a page and sent nowhere: %s', async (url) => {
    const response = await alice.get(url);
    expect(response.statusCode).toBe(400);
    expect(response.headers.location).toBeUndefined();
  });

  it('cannot break out of the redirect by its state', async () => {
    const state = '"><script>\r\nSet-Cookie: a=b\u00fc';
    const response = await alice.get(authorizeUrl({ state, response_type: 'x' }));
    const location = String(response.headers.location);
    expect(location).toMatch(/^[\x21-\x7e]+$/);
    expect(location).not.toMatch(/["<>]/);
    expect(new URL(location).searchParams.get('state')).toBe(state);
  });

  it('is told invalid_scope for scopes without end', async () => {
    const response = await alice.get(authorizeUrl({ scope: 'read:users '.repeat(500).trim() }));
    expect(response.headers.location).toContain('error=invalid_scope');
  });

  it('gets no token by a secret in the URL', async () => {
    const code = await codeFor(alice);
    const response = await hub.app.inject({
      method: 'POST',
      url: `/hub/api/oauth2/token?${tokenForm({ code })}`,
    });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('is never answered with a 5xx, whatever it is', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'client_id=service-svc',
        `client_secret=${SECRET}`,
        'grant_type=authorization_code',
        'code=x',
        'state=',
        'scope=%20',
        'redirect_uri=/',
        'response_type=code',
        'code_challenge=',
        '&',
        '=',
        '%',
        '%ff',
        '%00',
        '\u0000',
        '?',
        '#',
        '{}',
      ),
      fc.string({ maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const text = pieces.join('&');
        const query = encodeURI(Buffer.from(text).toString()).replaceAll('#', '%23');
        const got = await alice.get(`/hub/api/oauth2/authorize?${query}`);
        expect(got.statusCode).toBeLessThan(500);
        const posted = await hub.app.inject({
          method: 'POST',
          url: '/hub/api/oauth2/token',
          payload: Buffer.from(text, 'latin1'),
        });
        expect(posted.statusCode).toBeLessThan(500);
      }),
      { numRuns: 60 },
    );
  });

  it('is refused when the body has no end', async () => {
    const response = await hub.app.inject({
      method: 'POST',
      url: '/hub/api/oauth2/token',
      payload: 'x'.repeat(100_000),
    });
    expect(response.statusCode).toBe(413);
  });
});
