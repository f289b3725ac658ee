import { describe, expect, it } from 'vitest';
import { clearCookie, cookieValue, cookieValues, setCookie } from './cookies.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('reading a Cookie header', () => {
  it.each([
    ['a=1; b=2', 'a', ['1']],
    ['a="2|1:0|x="; b=2', 'a', ['2|1:0|x=']],
    ['a=1; a=2;a="3"', 'a', ['1', '2', '3']],
    ['a="x\\"y\\\\z\\054\\303\\274"', 'a', ['x"y\\z,Ã¼']],
    [' a = 1 ;=2; 3', 'a', ['1']],
    ['aa=1; a', 'a', []],
    ['a="', 'a', ['"']],
    [undefined, 'a', []],
  ])('%s', (header, name, values) => {
    expect(cookieValues(header, name)).toEqual(values);
    expect(cookieValue(header, name)).toBe(values.at(-1));
  });
});

describe('writing Set-Cookie', () => {
  it('has attributes in the order of Python', () => {
    expect(
      setCookie(
        'n',
        'v',
        {
          secure: true,
          path: '/hub/',
          httpOnly: true,
          expiresDays: 30,
          domain: 'x.y',
          maxAge: 60,
          sameSite: 'Lax',
        },
        NOW,
      ),
    ).toBe(
      'n=v; Domain=x.y; expires=Sun, 01 Feb 2026 03:04:05 GMT; HttpOnly; Max-Age=60; Path=/hub/; SameSite=Lax; Secure',
    );
  });

  it('clears with an empty quoted value of a year ago', () => {
    expect(clearCookie('n', { path: '/hub/' }, NOW)).toBe(
      'n=""; expires=Thu, 02 Jan 2025 03:04:05 GMT; Path=/hub/',
    );
  });

  it.each([
    ['abc', 'n=abc'],
    ['a=b', 'n="a=b"'],
    ['a;b,c"d\\e', 'n="a\\073b\\054c\\"d\\\\e"'],
    ['ü', 'n="\\303\\274"'],
    ['a\r\nSet-Cookie: x=y', 'n="a\\015\\012Set-Cookie: x=y"'],
  ])('quotes %j', (value, written) => expect(setCookie('n', value, {}, NOW)).toBe(written));

  it.each([[{ path: '/a; HttpOnly' }], [{ domain: 'x\r\ny' }], [{ sameSite: 'Lax; Secure' }]])(
    'refuses an attribute that breaks out: %j',
    (attributes) => {
      expect(() => setCookie('n', 'v', attributes, NOW)).toThrow(TypeError);
    },
  );
});
