import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OidcProvider, startOidcProvider } from '../compat/peers/oidc.js';
import { launchBrowser, newPage } from './browser.js';
import { type HubProcess, prepareHub } from './hub-process.js';
import { type Visit, Visitor } from './visitor.js';

/** The built hub with a real, strict OpenID Connect provider (oidc-provider), a process of its own. */
let hub: HubProcess;
let provider: OidcProvider;
const CRYPT_KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const CALLBACK = /\/hub\/oauth_callback\?/;

beforeAll(async () => {
  const folderAndPorts = await prepareHub({
    env: { JUPYTERHUB_CRYPT_KEY: CRYPT_KEY },
    config: () => `
      const provider = process.env.PROVIDER.split(' ');
      c.JupyterHub.authenticator_class = 'generic-oauth';
      c.GenericOAuthenticator.issuer = provider[0];
      c.GenericOAuthenticator.client_id = provider[1];
      c.GenericOAuthenticator.client_secret = provider[2];
      c.GenericOAuthenticator.scope = ['openid', 'profile', 'email', 'offline_access'];
      c.GenericOAuthenticator.username_claim = 'preferred_username';
      c.GenericOAuthenticator.login_service = 'the test provider';
      c.GenericOAuthenticator.http_request_kwargs = { request_timeout: 60 };
      c.GenericOAuthenticator.manage_groups = true;
      c.GenericOAuthenticator.admin_groups = ['teachers'];
      c.Authenticator.allow_all = true;
      c.Authenticator.enable_auth_state = true;
      c.Authenticator.auth_refresh_age = 1;
      c.JupyterHub.authenticate_prometheus = false;
    `,
  });
  hub = folderAndPorts;
  provider = await startOidcProvider([`${hub.url}/hub/oauth_callback`]);
  process.env['PROVIDER'] = [provider.issuer, provider.clientId, provider.clientSecret].join(' ');
  await hub.start();
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  delete process.env['PROVIDER'];
});

const login = (next = ''): string =>
  `${hub.url}/hub/oauth_login${next === '' ? '' : `?next=${encodeURIComponent(next)}`}`;
const whoIs = async (visitor: Visitor): Promise<Visit> => visitor.get(`${hub.url}/hub/home`);
const isIn = async (visitor: Visitor): Promise<boolean> => (await whoIs(visitor)).url.endsWith('/hub/home');

describe('sign-in at an OpenID Connect provider', () => {
  it('leads Chromium there and back to where it wanted to go, with groups and rights', async () => {
    await provider.claims('tina', { groups: ['teachers', 'everybody'] });
    const browser = await launchBrowser();
    try {
      const { page } = await newPage(browser);
      await page.goto(`${hub.url}/hub/admin`);
      await page.click('text=the test provider');
      await page.fill('input[name=login]', 'tina');
      await page.fill('input[name=password]', 'any');
      await page.click('button[type=submit]');
      await page.waitForURL(`${hub.url}/hub/admin`);
      expect(await page.textContent('body')).toContain('tina');
      const cookies = await page.context().cookies(`${hub.url}/hub/`);
      expect(cookies.map(({ name }) => name).filter((name) => name.includes('oauth'))).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('lets two tabs of one browser sign in at once, each to its own place', async () => {
    const visitor = new Visitor();
    const first = await visitor.signIn(login('/hub/token?tab=1'), 'ann', CALLBACK);
    const second = await visitor.signIn(login('/hub/home?tab=2'), 'ann', CALLBACK);
    const pending = visitor.cookies(first.url).filter((name) => name.includes('oauth-state'));
    expect(pending).toHaveLength(2);
    const [two, one] = [await visitor.get(second.url), await visitor.get(first.url)];
    expect([two.url, one.url]).toEqual([`${hub.url}/hub/home?tab=2`, `${hub.url}/hub/token?tab=1`]);
  });

  it('refuses a state that is used up, missing, or another browser’s, and says what to do', async () => {
    const visitor = new Visitor();
    const stolen = await visitor.signIn(login(), 'bob', CALLBACK);
    const thief = new Visitor();
    const refused = await thief.get(stolen.url);
    expect([refused.status, await isIn(thief)]).toEqual([400, false]);
    expect(refused.text).toContain('Please sign in again');
    expect(refused.text).toContain('/hub/login');
    expect((await visitor.get(stolen.url)).status).toBe(200);
    expect((await visitor.get(stolen.url)).status).toBe(400);
    const code = new URL(stolen.url).searchParams.get('code');
    expect((await visitor.get(`${hub.url}/hub/oauth_callback?code=${code}`)).status).toBe(400);
    expect((await visitor.get(`${hub.url}/hub/oauth_callback?state=x&error=server_error`)).status).toBe(400);
  });

  it('goes nowhere but to places of its own', async () => {
    const visitor = new Visitor();
    const end = await visitor.signIn(login('//evil.example/x'), 'carl', /evil/);
    expect(new URL(end.url).origin).toBe(hub.url);
  });

  it('follows new keys of the provider at once', async () => {
    expect(await signedIn('dora')).toBe(true);
    await provider.rotateKeys();
    expect(await signedIn('dora')).toBe(true);
    await provider.rotateKeys();
    expect(await signedIn('dora')).toBe(true);
  });

  it('does not give one person the home of another whose name looks the same', async () => {
    await provider.claims('sub-1', { preferred_username: 'Émile' });
    await provider.claims('sub-2', { preferred_username: 'émile' });
    await provider.claims('sub-3', { preferred_username: 'e\u0301mile' });
    const first = new Visitor();
    await first.signIn(login(), 'sub-1');
    expect(await isIn(first)).toBe(true);
    for (const twin of ['sub-2', 'sub-3']) {
      const other = new Visitor();
      const end = await other.signIn(login(), twin);
      expect([end.status, await isIn(other)]).toEqual([403, false]);
      expect(end.text).toContain('belongs to another account');
    }
    const again = new Visitor();
    await again.signIn(login(), 'sub-1');
    expect(await isIn(again)).toBe(true);
  });

  it('keeps people signed in while the provider is down, and tells those who come then', async () => {
    const visitor = new Visitor();
    await visitor.signIn(login(), 'fred');
    await provider.set({ down: true });
    try {
      await waitMs(1100);
      expect(await isIn(visitor)).toBe(true);
      const stranger = new Visitor();
      const end = await stranger.get(login(), CALLBACK);
      // The way to the provider is known; what it says there is the provider's.
      expect([503]).toContain(end.status);
    } finally {
      await provider.set({ down: false });
    }
    const late = new Visitor();
    const back = await late.signIn(login(), 'gina', CALLBACK);
    await provider.set({ down: true });
    try {
      const end = await late.get(back.url);
      expect(end.status).toBe(503);
      expect(end.text).toContain('does not answer');
    } finally {
      await provider.set({ down: false });
    }
  });

  it('renews tokens before they expire, once for requests that come together, and asks to sign in once they are revoked', async () => {
    await provider.set({ tokenSeconds: 3 });
    const visitor = new Visitor();
    await visitor.signIn(login(), 'hugo');
    const before = (await provider.counts())['/token'] ?? 0;
    await waitMs(1500);
    const states = await Promise.all(Array.from({ length: 10 }, () => isIn(visitor)));
    expect(new Set(states)).toEqual(new Set([true]));
    expect(((await provider.counts())['/token'] ?? 0) - before).toBe(1);
    await provider.set({ tokenSeconds: 3600 });
    await provider.revoke();
    await waitMs(1500);
    expect(await isIn(visitor)).toBe(false);
  });

  it('loses none of 200 who sign in at once over a slow provider', async () => {
    await provider.set({ delay: 2000 });
    let before = '';
    try {
      const began = Date.now();
      before = await metrics();
      const visitors = Array.from({ length: 200 }, () => new Visitor());
      const ends = await Promise.all(
        visitors.map((visitor, index) => visitor.signIn(login('/hub/home'), `pupil-${index}`)),
      );
      const statuses = new Set(ends.map(({ status, url }) => `${status} ${new URL(url).pathname}`));
      process.stdout.write(
        `200 sign-ins over a provider that takes 2 s an answer: ${Date.now() - began} ms\n`,
      );
      expect(statuses).toEqual(new Set(['200 /hub/home']));
    } finally {
      await provider.set({ delay: 0 });
    }
    process.stdout.write(`the hub's event loop meanwhile: ${stalls(before, await metrics())}\n`);
  });

  it('writes no token, code, state or secret into its log', async () => {
    const log = await hub.log();
    expect(log).toContain('user signed in');
    expect(log).not.toContain(provider.clientSecret);
    expect(log).not.toMatch(/[?&](?:code|state)=(?!\[secret\])/);
    expect(log).not.toMatch(/eyJ[\w-]{10,}/);
  });
});

async function signedIn(account: string): Promise<boolean> {
  const visitor = new Visitor();
  const end = await visitor.signIn(login(), account);
  if (end.status >= 400) throw new Error(`${end.status} ${end.text}`);
  return isIn(visitor);
}

async function metrics(): Promise<string> {
  return (await fetch(`${hub.url}/hub/metrics`)).text();
}

/** How many of its intervals (asked for every 50 ms) lasted how long, from two readings of the metrics. */
function stalls(before: string, after: string): string {
  const counts = (text: string) =>
    [...text.matchAll(/^\w*event_loop_interval_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)].map(
      ([, le = '', count]) => [le, Number(count)] as const,
    );
  const old = new Map(counts(before));
  let below = 0;
  const told = counts(after).flatMap(([le, count]) => {
    const upTo = count - (old.get(le) ?? 0);
    const here = upTo - below;
    below = upTo;
    return here > 0 ? [`${here} up to ${le} s`] : [];
  });
  return told.join(', ') || 'not measured';
}

/** For a refresh to be due. */
function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
