import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { silentLog } from '../core/log.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import { makeWorld, type World } from '../test/suites/lifecycle-fixture.js';
import { type Requester, requesterOf } from './principal.js';
import { refreshBefore } from './refresh-before.js';
import { type Accounts, AuthRefresh } from './session/index.js';
import type { UserRecord } from './store/index.js';

let world: World;
let alice: UserRecord;
let asked: string[];
let answer: 'valid' | 'expired';

beforeEach(async () => {
  world = await makeWorld();
  alice = await world.user('alice');
  asked = [];
  answer = 'expired';
});
afterEach(() => world[Symbol.asyncDispose]());

function hub(settings: { readonly strict?: boolean; readonly age?: number } = {}) {
  const authenticator = {
    refreshUser: async (name: string) => {
      asked.push(name);
      return { kind: answer };
    },
  } as unknown as Authenticator;
  const refresh = new AuthRefresh({
    authenticator,
    accounts: { authState: async () => null } as unknown as Accounts,
    settings: { auth_refresh_age: settings.age ?? 300, auth_refresh_strict: settings.strict ?? false },
    clock: systemClock,
    log: silentLog,
  });
  const both = { refresh_pre_spawn: true, refresh_pre_stop: true };
  return world.hub({ deps: refreshBefore(both, refresh, silentLog) });
}

const SOON = { waitMs: 15_000 };
const EXPIRED = { status: 403, code: 'AUTH_EXPIRED', message: 'auth has expired for alice, login again' };

describe('refresh_pre_spawn and refresh_pre_stop', () => {
  // as JupyterHub 6.1.1 tests/test_auth_expiry.py expects it
  it.each<[Requester, boolean, boolean, boolean]>([
    // by, strict, starts, stops
    ['own-browser', false, false, false],
    ['own-browser', true, false, false],
    ['token', false, true, true],
    ['token', true, false, false],
    ['another-user', false, true, true],
    ['another-user', true, false, true],
  ])(
    'with a stale sign-in and a request of %s, strict %s: starts %s, stops %s',
    async (by, strict, starts, stops) => {
      const lifecycle = hub({ strict });
      const started = lifecycle.start(alice, '', { ...SOON, by });
      if (starts) expect(await started).toMatchObject({ ready: true });
      else {
        await expect(started).rejects.toMatchObject(EXPIRED);
        expect(lifecycle.status(alice, '')).toEqual({ pending: null, ready: false, active: false });
        answer = 'valid';
        await lifecycle.start(alice, '', { ...SOON, by });
        answer = 'expired';
      }
      const stopped = lifecycle.stop(alice, '', { ...SOON, by });
      if (stops) expect(await stopped).toMatchObject({ active: false });
      else {
        await expect(stopped).rejects.toMatchObject(EXPIRED);
        expect(lifecycle.status(alice, '')).toMatchObject({ ready: true });
      }
      expect(asked.length).toBe(starts ? 2 : 3);
    },
  );

  it('ask nobody where auth_refresh_age is 0, nor for a start that is cancelled', async () => {
    const lifecycle = hub({ age: 0 });
    await lifecycle.start(alice, '', { ...SOON, by: 'own-browser' });
    await lifecycle.stop(alice, '', { ...SOON, by: 'own-browser' });
    expect(asked).toEqual([]);
    answer = 'valid';
    const asking = hub();
    await asking.start(alice, '', { waitMs: 0, by: 'own-browser' });
    await asking.stop(alice, '', { ...SOON, by: 'own-browser' });
    expect(asked).toEqual(['alice']);
  });
});

describe('who asks', () => {
  it("is one's own browser, one's own token, or somebody else", async () => {
    const bob = await world.user('bob');
    const cookie = { kind: 'cookie', sessionId: 'x' } as const;
    const token = { kind: 'token', token: {} as never } as const;
    expect(requesterOf({ kind: 'user', user: alice, via: cookie }, alice)).toBe('own-browser');
    expect(requesterOf({ kind: 'user', user: alice, via: token }, alice)).toBe('token');
    expect(requesterOf({ kind: 'user', user: bob, via: cookie }, alice)).toBe('another-user');
    expect(requesterOf({ kind: 'service', service: {} as never, via: token }, alice)).toBe('another-user');
  });
});
