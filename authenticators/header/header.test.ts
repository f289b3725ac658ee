import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { defaults, resolve } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import { CONTEXT, describeAuthenticator } from '../../test/suites/authenticator.js';
import { HeaderAuthenticator, header } from './index.js';
import { HeaderAuthenticatorClass, type HeaderAuthenticatorConfig } from './traits.js';

const FRONT = '10.0.0.5';
const SECRET = 'a secret of front and hub';

function make(config: Partial<HeaderAuthenticatorConfig> = {}): HeaderAuthenticator {
  return new HeaderAuthenticator({
    config: defaults(HeaderAuthenticatorClass, {
      trusted_proxies: new Set([FRONT, '10.1.0.0/16']),
      ...config,
    }),
    log: silentLog,
    clock: systemClock,
    passwordFile: '',
    resetPasswords: false,
    announce: () => undefined,
  });
}

const from = (peerAddress: string, headers: Readonly<Record<string, string>>) => ({
  ...CONTEXT,
  peerAddress,
  headers,
});
const enter = (context: ReturnType<typeof from>, config: Partial<HeaderAuthenticatorConfig> = {}) =>
  make(config).authenticate({}, context);

// Whoever comes without a header, or from elsewhere, is refused whatever the form says.
describeAuthenticator({ name: 'header', make: () => make(), bad: { username: 'alice', password: 'any' } });

describe('the trusted header', () => {
  it.each([FRONT, '10.1.200.3', `::ffff:${FRONT}`])('is believed from %s', async (peer) => {
    expect(await enter(from(peer, { 'x-user-id': 'Ann' }))).toEqual({
      kind: 'authenticated',
      model: { name: 'Ann' },
    });
  });

  it.each(['10.0.0.6', '127.0.0.1', '::1', 'unknown', ''])('is nothing from %j', async (peer) => {
    expect(await enter(from(peer, { 'x-user-id': 'ann' }))).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['no header', {}],
    ['an empty one', { 'x-user-id': ' ' }],
    ['two of them', { 'x-user-id': 'ann, root' }],
    ['bytes that are no UTF-8', { 'x-user-id': 'ann\u00ff' }],
    ['another header', { 'x-remote-user': 'ann' }],
  ])('does not guess: %s', async (_title, headers) => {
    expect(await enter(from(FRONT, headers as Record<string, string>))).toMatchObject({ kind: 'refused' });
  });

  it('may hold UTF-8, and bear another name', async () => {
    const sent = Buffer.from('émile', 'utf8').toString('latin1');
    expect(await enter(from(FRONT, { remote_user: sent }), { header_name: 'REMOTE_USER' })).toMatchObject({
      model: { name: 'émile' },
    });
  });

  it('has its secret kept from all but the hub', () => {
    expect(make({ proxy_secret: SECRET }).hubOnlyHeaders).toEqual(['X-Proxy-Secret']);
    expect(make({ proxy_secret: SECRET, proxy_secret_header: 'X-Mine' }).hubOnlyHeaders).toEqual(['X-Mine']);
    expect(make().hubOnlyHeaders).toEqual([]);
  });

  it('needs the secret where there is one', async () => {
    const config = { proxy_secret: SECRET };
    const sent = { 'x-user-id': 'ann', 'x-proxy-secret': SECRET };
    expect(await enter(from(FRONT, sent), config)).toMatchObject({ kind: 'authenticated' });
    expect(await enter(from('10.9.9.9', sent), config)).toMatchObject({ kind: 'refused' });
    expect(await enter(from(FRONT, { 'x-user-id': 'ann' }), config)).toMatchObject({ kind: 'refused' });
    const wrong = { ...sent, 'x-proxy-secret': `${SECRET}!` };
    expect(await enter(from(FRONT, wrong), config)).toMatchObject({ kind: 'refused' });
  });

  it('brings groups, which let in and make administrators', async () => {
    const config = {
      manage_groups: true,
      groups_header: 'X-Groups',
      allowed_groups: new Set(['pupils']),
      admin_groups: new Set(['staff']),
    };
    const authenticator = make(config);
    const outcome = await authenticator.authenticate(
      {},
      from(FRONT, { 'x-user-id': 'ann', 'x-groups': 'staff, pupils,, staff' }),
    );
    expect(outcome).toEqual({
      kind: 'authenticated',
      model: { name: 'ann', groups: ['staff', 'pupils'], admin: true },
    });
    const nobody = { name: 'bob', groups: ['guests'], admin: false };
    expect(authenticator.isAllowed('bob' as never, nobody)).toBe(false);
    expect(authenticator.isAllowed('bob' as never, { ...nobody, groups: ['pupils'] })).toBe(true);
    expect(authenticator.isAllowed('bob' as never, { name: 'bob', groups: ['staff'], admin: true })).toBe(
      true,
    );
  });

  it.each([
    ['no front', {}, /trusted_proxies: is empty/],
    ['everybody as front', { trusted_proxies: ['0.0.0.0/0'] }, /everybody/],
    ['no address', { trusted_proxies: ['nginx'] }, /no address or CIDR block/],
    ['no header name', { trusted_proxies: [FRONT], header_name: 'X User' }, /no name of a header/],
    ['a short secret', { trusted_proxies: [FRONT], proxy_secret: 'short' }, /16 characters/],
    ['groups nobody manages', { trusted_proxies: [FRONT], groups_header: 'X-Groups' }, /manage_groups/],
    [
      'rules about groups that do not come',
      { trusted_proxies: [FRONT], admin_groups: ['a'] },
      /needs groups_header/,
    ],
  ])('refuses to start with %s', (_title, values, message) => {
    const settings = Object.entries(values).map(
      ([trait, value]) => [trait, [{ kind: 'value', value, source: 'test' }]] as const,
    );
    const { faults } = resolve(
      HeaderAuthenticatorClass,
      new Map([['HeaderAuthenticator', new Map(settings as never)]]),
    );
    expect(faults.map((fault) => `${fault.trait}: ${fault.message}`).join('\n')).toMatch(message);
  });

  it('refuses to start without a secret where users run programs on the same machine', () => {
    const config = defaults(HeaderAuthenticatorClass, { trusted_proxies: new Set([FRONT]) });
    const there = { passwordFile: '', usersRunHere: true };
    expect(header.check?.(config, there)).toHaveLength(1);
    expect(header.check?.({ ...config, proxy_secret: SECRET }, there)).toEqual([]);
    expect(header.check?.(config, { ...there, usersRunHere: false })).toEqual([]);
  });
});
