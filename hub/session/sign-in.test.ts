import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PASSWORD, TestHub, type TestHubOptions } from '../../test/support/hub.js';

let hub: TestHub;
const start = async (options: TestHubOptions = {}): Promise<TestHub> => {
  hub = await TestHub.make(options);
  return hub;
};
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

const context = { remoteAddress: '192.0.2.1', peerAddress: '192.0.2.9', headers: {} };
const attempt = (username: string, password = PASSWORD) => hub.signIn.signIn({ username, password }, context);

describe('admission', () => {
  it.each<[string, NonNullable<TestHubOptions['admission']>, string, boolean]>([
    ['nobody by default', { allow_all: false }, 'alice', false],
    ['everybody with allow_all', {}, 'alice', true],
    ['a listed name, in any case', { allow_all: false, allowed_users: new Set(['Alice']) }, 'aLICE', true],
    ['not an unlisted one', { allow_all: false, allowed_users: new Set(['alice']) }, 'bob', false],
    [
      'not an admin without an allow list',
      { allow_all: false, admin_users: new Set(['root']) },
      'root',
      false,
    ],
    [
      'an admin beside an allow list',
      { allow_all: false, admin_users: new Set(['root']), allowed_users: new Set(['alice']) },
      'root',
      true,
    ],
    [
      'nobody blocked, admins neither',
      { blocked_users: new Set(['root']), admin_users: new Set(['root']) },
      'root',
      false,
    ],
    ['a name that matches the pattern', { username_pattern: '[a-z]+' }, 'alice', true],
    ['a name of which only the start matches', { username_pattern: '[a-z]+' }, 'alice9', true],
    ['no name that does not', { username_pattern: '[a-z]+$' }, 'alice9', false],
    ['no name with a slash', {}, 'a/b', false],
    ['no empty name', {}, '   ', false],
    ['no name with a NUL', {}, 'a\u0000b', false],
    ['no endless name', {}, 'a'.repeat(300), false],
    [
      'a mapped name',
      { username_map: { al: 'Alice' }, allow_all: false, allowed_users: new Set(['alice']) },
      'AL',
      false,
    ],
  ])('lets in %s', async (_name, admission, username, allowed) => {
    await start({ admission });
    const outcome = await attempt(username);
    expect(outcome.kind).toBe(allowed ? 'signed-in' : 'refused');
    if (!allowed) expect(outcome).toMatchObject({ status: 403, message: 'Invalid username or password' });
    expect(await hub.store.users.count()).toBe(allowed ? 1 : 0);
  });

  it('takes the mapped name word for word, and no inherited key for a mapping', async () => {
    await start({ admission: { username_map: { al: 'Alice' } } });
    expect(await attempt('AL')).toMatchObject({ user: { name: 'Alice' } });
    expect(await attempt('constructor')).toMatchObject({ user: { name: 'constructor' } });
  });

  it('asks the class when the hub’s own rules do not allow', async () => {
    await start({ admission: { allow_all: false } });
    Object.assign(hub.authenticator, { isAllowed: (name: string) => name === 'alice' });
    expect((await attempt('alice')).kind).toBe('signed-in');
    expect((await attempt('bob')).kind).toBe('refused');
  });

  it('reports every bad name of the configuration at once', async () => {
    await start();
    const { Admission } = await import('./admission.js');
    const bad = { admin_users: new Set(['a/b']), allowed_users: new Set([' ', 'ok']) };
    const make = () =>
      new Admission({
        ...bad,
        allow_all: false,
        allow_existing_users: false,
        blocked_users: new Set(),
        username_map: {},
        username_pattern: '',
      });
    expect(make).toThrowError(/admin_users: "a\/b".*\n.*allowed_users: " "/);
  });
});

describe('the account', () => {
  it('has the roles that go with its flag', async () => {
    await start({ admission: { admin_users: new Set(['root']) } });
    await attempt('alice');
    await attempt('root');
    const roles = async (name: string) =>
      (await hub.store.roles.of('user', (await hub.user(name)).id)).map((role) => role.name).sort();
    expect(await roles('alice')).toEqual(['user']);
    expect(await roles('root')).toEqual(['admin', 'user']);
  });

  it('keeps its admin flag when the authenticator does not say, loses it when it says so', async () => {
    await start();
    hub.authenticator.models.set('alice', { admin: true });
    await attempt('alice');
    hub.authenticator.models.set('alice', { admin: null });
    await attempt('alice');
    expect((await hub.user('alice')).admin).toBe(true);
    hub.authenticator.models.set('alice', { admin: false });
    await attempt('alice');
    expect((await hub.user('alice')).admin).toBe(false);
  });

  it('is not kept when the authenticator cannot add it', async () => {
    await start();
    hub.authenticator.addUser = () => Promise.reject(new Error('no such account'));
    await expect(attempt('alice')).rejects.toThrow('no such account');
    expect(await hub.store.users.byName('alice')).toBeUndefined();
    expect(hub.removed).toEqual(['alice']);
  });

  it('is one when the same new name signs in twice at once', async () => {
    await start();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => attempt('alice')));
    expect(outcomes.every((outcome) => outcome.kind === 'signed-in')).toBe(true);
    expect(await hub.store.users.count()).toBe(1);
  });

  it('gets exactly the groups that are given', async () => {
    await start({ account: { manage_groups: true } });
    const groups = async () =>
      (await hub.store.groups.byUser((await hub.user('alice')).id)).map((group) => group.name).sort();
    hub.authenticator.models.set('alice', { groups: ['a', 'b'] });
    await attempt('alice');
    expect(await groups()).toEqual(['a', 'b']);
    hub.authenticator.models.set('alice', { groups: ['c'] });
    await attempt('alice');
    expect(await groups()).toEqual(['c']);
    hub.authenticator.models.set('alice', { groups: null });
    await attempt('alice');
    expect(await groups()).toEqual(['c']);
    hub.authenticator.models.delete('alice');
    await expect(attempt('alice')).rejects.toMatchObject({ code: 'GROUPS_MISSING', status: 500 });
  });

  it('keeps auth_state encrypted, or not at all', async () => {
    const old = randomBytes(32);
    const cryptKeys = [randomBytes(32), old];
    await start({ account: { enable_auth_state: true }, cryptKeys });
    hub.authenticator.models.set('alice', { authState: { token: 'secret' } });
    await attempt('alice');
    const stored = Buffer.from((await hub.user('alice')).encryptedAuthState ?? []).toString();
    expect(stored).toMatch(/^gAAAA/);
    expect(await hub.accounts.authState(await hub.user('alice'))).toEqual({ token: 'secret' });
    hub.authenticator.models.set('alice', { authState: null });
    await attempt('alice');
    expect((await hub.user('alice')).encryptedAuthState).toBeNull();
  });

  it('writes NULL when auth_state is off', async () => {
    await start();
    hub.authenticator.models.set('alice', { authState: { token: 'secret' } });
    await attempt('alice');
    expect((await hub.user('alice')).encryptedAuthState).toBeNull();
  });
});

describe('post_auth_hook', () => {
  it('sees the model under JupyterHub’s names and may change it', async () => {
    const seen: unknown[] = [];
    await start({
      admission: { admin_users: new Set(['alice']) },
      postAuthHook: (_authenticator, _handler, model) => {
        seen.push(model);
        return { ...(model as object), admin: false };
      },
    });
    await attempt('Alice');
    expect(seen).toEqual([{ name: 'alice', admin: true, auth_state: null, user_info: null }]);
    expect((await hub.user('alice')).admin).toBe(false);
  });

  it.each([[null], [undefined]])('refuses by returning %s', async (nothing) => {
    await start({ postAuthHook: () => nothing });
    expect(await attempt('alice')).toMatchObject({ kind: 'refused', status: 403 });
  });

  it('cannot rename somebody into a blocked user', async () => {
    await start({
      admission: { blocked_users: new Set(['mallory']) },
      postAuthHook: (_authenticator, _handler, model) => ({ ...(model as object), name: 'mallory' }),
    });
    expect((await attempt('alice')).kind).toBe('refused');
  });

  it('that breaks is a fault of the configuration, not of the credentials', async () => {
    await start({ postAuthHook: () => Promise.reject(new TypeError('x is not a function')) });
    await expect(attempt('alice')).rejects.toMatchObject({ code: 'POST_AUTH_HOOK', status: 500 });
  });
});

describe('what is typed', () => {
  it('reaches the authenticator trimmed in the name only, without the XSRF token', async () => {
    await start();
    await hub.signIn.signIn({ username: ' alice ', password: ' x ', otp: '1', _xsrf: 'y' }, context);
    expect(hub.authenticator.seen).toEqual([{ username: 'alice', password: ' x ', otp: '1' }]);
  });

  it('is never in the log: people type passwords into the name field', async () => {
    await start({ admission: { blocked_users: new Set(['mallory']) } });
    await attempt('hunter2-typed-as-name', 'wrong-password');
    await attempt('\r\n\u001b[31minjected', 'wrong-password');
    await attempt('alice');
    await attempt('mallory');
    const text = JSON.stringify(hub.lines);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('injected');
    expect(text).not.toContain('wrong-password');
    expect(text).not.toContain(PASSWORD);
    expect(text).toContain('"alice"');
    expect(text).toContain('"mallory"');
  });

  // CVE-2026-54338: ten megabytes of user name.
  it('is bounded before anything is done with it', async () => {
    await start();
    const endless = 'x'.repeat(10_000_000);
    expect(await attempt(endless)).toMatchObject({ kind: 'refused', status: 400 });
    expect(await attempt('alice', endless)).toMatchObject({ kind: 'refused', status: 400 });
    expect(hub.authenticator.seen).toEqual([]);
    expect(JSON.stringify(hub.lines).length).toBeLessThan(1024);
  });

  it('may lack every field', async () => {
    await start();
    expect(await hub.signIn.signIn({}, context)).toMatchObject({ kind: 'refused', status: 403 });
  });
});

it('a sign-in that waits for its turn ends when its browser goes', async () => {
  await start();
  for (let failure = 0; failure < 8; failure++) {
    const wrong = attempt('alice', 'wrong');
    for (let wait = 0; wait < 4; wait++) await hub.clock.advance(31_000);
    await wrong;
  }
  await hub.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = hub.app.server.address() as AddressInfo;
  const browser = hub.browser();
  await browser.get('/hub/login');
  const leaving = new AbortController();
  const body = new URLSearchParams({
    username: 'alice',
    password: PASSWORD,
    _xsrf: browser.cookies.get('_xsrf') ?? '',
  });
  const headers = { cookie: `_xsrf=${browser.cookies.get('_xsrf')}`, 'user-agent': 'lightMyRequest' };
  const init = { method: 'POST', body, headers, signal: leaving.signal };
  const before = hub.clock.sleeping;
  const answer = fetch(`http://127.0.0.1:${port}/hub/login`, init).catch(() => 'left');
  await expect.poll(() => hub.clock.sleeping).toBe(before + 1);
  leaving.abort();
  expect(await answer).toBe('left');
  const connections = () =>
    new Promise((resolve) => hub.app.server.getConnections((_error, count) => resolve(count)));
  await expect.poll(connections).toBe(0);
  // The next one takes the place that it left.
  const next = attempt('alice');
  for (let wait = 0; wait < 4; wait++) await hub.clock.advance(31_000);
  expect((await next).kind).toBe('signed-in');
  expect(hub.authenticator.seen.filter(({ password }) => password === PASSWORD)).toHaveLength(1);
});
