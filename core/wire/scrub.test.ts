import { describe, expect, it } from 'vitest';
import { safeText, scrubUrl } from './scrub.js';

describe('scrubUrl', () => {
  it.each([
    ['/hub/home', '/hub/home'],
    ['/x?a=1&token=abc&b', '/x?a=1&token=[secret]&b'],
    [
      '/hub/api/oauth2/authorize?client_id=c&state=s&code_challenge=z',
      '/hub/api/oauth2/authorize?client_id=c&state=[secret]&code_challenge=[secret]',
    ],
    ['/cb?code=q#x', '/cb?code=[secret]#x'],
    ['/x?%74oken=abc', '/x?%74oken=[secret]'],
    ['/x?a=%zz', '/x?a=[undecodable]'],
  ])('%s', (url, expected) => expect(scrubUrl(url)).toBe(expected));

  const token = '0123456789abcdef'.repeat(2);
  it.each([
    ['/hub/api/user/TOKEN', '/hub/api/user/[secret]'],
    ['/hub/api/user/TOKEN?a=1', '/hub/api/user/[secret]?a=1'],
    ['/hub/api/authorizations/token/TOKEN', '/hub/api/authorizations/token/[secret]'],
    ['/hub/api/users/ann/tokens/TOKEN', '/hub/api/users/ann/tokens/[secret]'],
    ['/TOKENTOKEN/', '/[secret]/'],
    ['/hub/api/token=TOKEN', '/hub/api/token=[secret]'],
    ['/hub/login?next=%2Fhub%2Fapi%2Fuser%2FTOKEN', '/hub/login?next=%2Fhub%2Fapi%2Fuser%2F%5Bsecret%5D'],
  ])('a token in the path: %s', (url, expected) =>
    expect(scrubUrl(url.replaceAll('TOKEN', token))).toBe(expected),
  );

  it.each([
    `/hub/api/users/${token}/servers/${token}/progress`,
    `/hub/api/groups/${token}/users`,
    `/user/${token}/api/status`,
    `/hub/static/0123456789abcdef/js/main.js?v=${token}`,
    `/files/x${token}y`,
    '/hub/api/users/0123456789abcdef',
  ])('a name, an id or a version is none: %s', (url) => expect(scrubUrl(url)).toBe(url));

  it('finds secrets inside next', () => {
    const inner = `/hub/login?next=${encodeURIComponent('/cb?code=hidden&state=hidden')}`;
    const scrubbed = scrubUrl(`/hub/login?next=${encodeURIComponent(inner)}`);
    expect(scrubbed).not.toContain('hidden');
    expect(scrubUrl(`/a?next=${encodeURIComponent(scrubbed)}&token=t`)).not.toContain('hidden');
  });

  it('is bounded', () => expect(scrubUrl(`/?a=${'x'.repeat(1_000_000)}`).length).toBeLessThan(600));
});

// CVE-2026-54338: what somebody typed, without end and with line breaks, in the log.
describe('safeText', () => {
  it('escapes controls and bidirectional marks, and bounds', () => {
    expect(safeText('a\r\nb\u001b[31m\u202ec\u0085')).toBe('a\\u000d\\u000ab\\u001b[31m\\u202ec\\u0085');
    expect(safeText('x'.repeat(10_000_000))).toBe(`${'x'.repeat(64)}...(10000000 chars)`);
  });
});
