import { describe, expect, it } from 'vitest';
import { CookieGuard } from './cookies.js';

const guard = new CookieGuard('/hub/', '/user/mallory');
const LOGIN = 'jupyterhub-hub-login="2|1:0|10:1|20:jupyterhub-hub-login|4:secret|ff"';

describe('cookies that a route is shown', () => {
  it.each([
    ['a=b; c=d', 'a=b; c=d'],
    [`${LOGIN}`, ''],
    [`a=b; ${LOGIN}; c=d`, 'a=b; c=d'],
    [`${LOGIN}; jupyterhub-session-id=s; _xsrf=x`, 'jupyterhub-session-id=s; _xsrf=x'],
    [`__Host-${LOGIN}; __Host-jupyterhub-user-mallory=t`, '__Host-jupyterhub-user-mallory=t'],
    ['jupyterhub-user-mallory=t; jupyterhub-user-mallory-oauth-state-x=y', undefined],
  ])('%s', (cookie, shown) => {
    expect(guard.shown(cookie)).toBe(shown ?? cookie);
  });

  /** Ways of writing that one parser or another reads as the login. */
  it.each([
    `a="; ${LOGIN}; b="`,
    `a=b;${LOGIN}`,
    `a=b ;\t ${LOGIN} ;;`,
    `a=b,${LOGIN}`,
    `$Version=1; ${LOGIN}; $Path=/`,
    `=${LOGIN}`,
    'jupyterhub-hub-login = secret',
    '"jupyterhub-hub-login"=secret',
    `;;;${LOGIN}${';'.repeat(50)}`,
    `jupyterhub-hub-login=secret; JUPYTERHUB=1; jupyterhub-hub-login=secret`,
  ])('no malformed header leaks it: %s', (cookie) => {
    expect(guard.shown(cookie)).not.toContain('secret');
  });
});

describe('cookies that a route sets', () => {
  it.each([
    'jupyterhub-hub-login=x',
    '__Host-jupyterhub-hub-login=x; Path=/; Secure',
    'jupyterhub-session-id=x; Path=/',
    'jupyterhub-session-id=; Max-Age=0; Path=/',
    '  jupyterhub-session-id\t=x',
    '=jupyterhub-session-id=x',
    ' = =jupyterhub-hub-login=x; Path=/hub/',
    'jupyterhub-session-id',
  ])('not the hub’s: %s', (line) => {
    expect(guard.set(line)).toBeUndefined();
  });

  it.each([
    'jupyterhub-user-mallory="x"; Path=/user/mallory/; HttpOnly',
    '__Host-jupyterhub-user-mallory=x; Path=/; Secure',
    'note=jupyterhub-session-id; Path=/',
    'my_xsrf=x; Path=/',
    '_xsrf=x; Path=/user/mallory/',
    '_xsrf=x; path = /user/mallory ; Secure',
    '_xsrf=x; Path=/services/other',
    '_xsrf=x; Path=/hubris',
  ])('its own: %s', (line) => {
    expect(guard.set(line)).toBe(line);
  });

  it.each([
    ['_xsrf=x; Path=/', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; Path=/hub', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; Path=/hub/login; HttpOnly', '_xsrf=x; HttpOnly; Path=/user/mallory/'],
    ['_xsrf=x; Path=/%68ub/', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; Path=/%zz', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; Path=hub', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; Path="/user/mallory/"', '_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x; PATH=/user/mallory/; path=/', '_xsrf=x; Path=/user/mallory/'],
    [`_xsrf=x; Path=/hub/; Path=/user/${'m'.repeat(1100)}`, '_xsrf=x; Path=/user/mallory/'],
    [`_xsrf=x; Path=/user/${'m'.repeat(1100)}`, '_xsrf=x; Path=/user/mallory/'],
    ['=_xsrf=x; Path=/', '=_xsrf=x; Path=/user/mallory/'],
    ['_xsrf=x;Domain=hub.example.org;Path=/', '_xsrf=x;Domain=hub.example.org; Path=/user/mallory/'],
  ])('_xsrf stays with its setter: %s', (line, narrowed) => {
    expect(guard.set(line)).toBe(narrowed);
  });

  it('is written as browsers write the path, and not at all by a route that covers the hub', () => {
    expect(new CookieGuard('/hub/', '/user/zoé a').set('_xsrf=x; Path=/')).toBe(
      '_xsrf=x; Path=/user/zo%C3%A9%20a/',
    );
    expect(new CookieGuard('/a b/hub/', '/a b').set('_xsrf=x')).toBeUndefined();
    expect(new CookieGuard('/a b/hub/', '/').set('_xsrf=x; Path=/docs')).toBe('_xsrf=x; Path=/docs');
    expect(new CookieGuard('/hub/', '/').set('_xsrf=x; Path=/')).toBeUndefined();
    expect(new CookieGuard('/hub/', `/user/${'m'.repeat(1100)}`).set('_xsrf=x')).toBeUndefined();
  });
});
