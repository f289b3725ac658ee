import { afterEach, describe, expect, it } from 'vitest';
import { TestHub, type TestHubOptions } from '../../test/support/hub.js';
import { nameKey } from './identities.js';

let hub: TestHub;
const start = async (options: TestHubOptions = {}): Promise<TestHub> => {
  hub = await TestHub.make(options);
  return hub;
};
afterEach(async () => {
  await hub?.[Symbol.asyncDispose]();
});

const identity = (subject: string, issuer = 'https://idp.example') => ({ identity: { issuer, subject } });

/** The status of a sign-in under a name that the provider gives to a subject. */
async function signIn(name: string, subject: string, issuer?: string): Promise<number> {
  hub.authenticator.models.set(name, identity(subject, issuer));
  return (await hub.browser().signIn(name)).statusCode;
}

describe('names of users', () => {
  it.each([
    ['Ann', 'aNN'],
    ['\u00e9mile', 'e\u0301mile'],
    ['\ufb01nn', 'finn'],
    ['\uff41nn', 'ann'],
    ['\u212aim', 'kim'],
    ['STRASSE', 'stra\u00dfe'],
  ])('that look the same are one: %s, %s', (left, right) => {
    expect(nameKey(left)).toBe(nameKey(right));
  });

  it.each([
    ['ann', 'anna'],
    ['emile', 'émile'],
    ['a.b', 'ab'],
  ])('that do not are two: %s, %s', (left, right) => {
    expect(nameKey(left)).not.toBe(nameKey(right));
  });
});

describe('an identity', () => {
  it('has the name it came under first; another one is refused, and leaves no user behind', async () => {
    await start();
    expect(await signIn('Ann', '1')).toBe(302);
    expect(await signIn('ANN', '2')).toBe(403);
    expect(await signIn('\uff41nn', '3')).toBe(403);
    expect(await signIn('ann', '1')).toBe(302);
    expect(await hub.store.users.byName('\uff41nn' as never)).toBeUndefined();
  });

  it('of two that come at once is one only', async () => {
    await start();
    const statuses = await Promise.all(
      ['1', '2', '3'].map((subject, index) => signIn(['Ann', 'aNn', 'anN'][index] ?? '', subject)),
    );
    expect(statuses.sort()).toEqual([302, 403, 403]);
  });

  it('gives the name up with its user', async () => {
    await start();
    await signIn('ann', '1');
    await hub.store.users.delete((await hub.user('ann')).id);
    expect(await signIn('ann', '2')).toBe(302);
    expect(await signIn('ann', '1')).toBe(403);
  });

  it('is asked for anew when the configuration moves to another provider', async () => {
    await start();
    await signIn('ann', '1');
    expect(await signIn('ann', 'new-1', 'https://new.example')).toBe(302);
    expect(await signIn('ann', 'new-2', 'https://new.example')).toBe(403);
  });

  it('too long for its column is a fault of the authenticator, and no other identity', async () => {
    await start();
    expect(await signIn('ann', 'x'.repeat(256))).toBe(500);
    expect(await signIn('ann', '')).toBe(500);
  });
});

describe('a refresh that reaches nobody', () => {
  it('keeps users signed in, and asks again after half a minute', async () => {
    await start();
    const browser = hub.browser();
    await browser.signIn('ann');
    hub.authenticator.refreshed = { kind: 'stale', why: 'down' };
    await hub.clock.advance(301_000);
    for (let time = 0; time < 3; time++) expect((await browser.get('/hub/home')).statusCode).toBe(200);
    expect(hub.authenticator.refreshes).toBe(1);
    await hub.clock.advance(31_000);
    hub.authenticator.refreshed = { kind: 'expired' };
    expect((await browser.get('/hub/home')).statusCode).toBe(302);
    expect(hub.authenticator.refreshes).toBe(2);
  });

  it('does not give a user the identity of another', async () => {
    await start();
    hub.authenticator.models.set('ann', identity('1'));
    const browser = hub.browser();
    await browser.signIn('ann');
    hub.authenticator.refreshed = { kind: 'updated', model: { name: 'ann', ...identity('2') } };
    await hub.clock.advance(301_000);
    expect((await browser.get('/hub/home')).statusCode).not.toBe(200);
  });
});
