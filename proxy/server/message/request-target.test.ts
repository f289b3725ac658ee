import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPrefix, joinTarget, parseTarget } from './request-target.js';

describe('parseTarget', () => {
  it.each([
    ['/', '/', '/', ''],
    ['/a/b?c=d', '/a/b', '/a/b', '?c=d'],
    ['/a/../b/./c', '/b/c', '/b/c', ''],
    ['/a/%2e%2e/b', '/b', '/b', ''],
    ['/a\\b', '/a/b', '/a/b', ''],
    ['/a%2Fb', '/a%2Fb', '/a/b', ''],
    ['/a#b', '/a', '/a', ''],
    ['/a"b|c', '/a%22b|c', '/a"b|c', ''],
    ['//x/y', '//x/y', '//x/y', ''],
    ['//x@y:z/', '//x@y:z/', '//x@y:z/', ''],
    ['http://evil.test/a?b', '/a', '/a', '?b'],
    ['*', '/*', '/*', ''],
  ])('%s', (url, path, decoded, search) => {
    expect(parseTarget(url)).toEqual({ kind: 'path', path, decoded, search });
  });

  it('tells what cannot be read', () => {
    expect(parseTarget('/%')).toEqual({ kind: 'undecodable' });
    expect(parseTarget('/%ff')).toEqual({ kind: 'undecodable' });
    for (const bad of ['http://[', 'ftp://x/', 'javascript://x'])
      expect(parseTarget(bad)).toEqual({ kind: 'invalid' });
  });

  it('is stable: what is forwarded is routed alike by the next in line', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('/', '.', '%2e', '%2F', 'a', '\\', '?', '#', '@', ':', ' ', '%', 'é'),
        }),
        (text) => {
          const once = parseTarget(`/${text}`);
          if (once.kind !== 'path') return;
          expect(parseTarget(`${once.path}${once.search}`)).toEqual(once);
        },
      ),
    );
  });
});

describe('joinTarget', () => {
  it.each([
    [['/', '', '/x', ''], '/x'],
    [['/base', 'k=1', '/pre/x', '?z=2'], '/base/pre/x?k=1&z=2'],
    [['/base/', '', '//x', '?z'], '/base//x?z'],
    [['/b', 'k', '/x', ''], '/b/x?k'],
  ] as const)('%j', ([base, query, path, search], joined) => {
    expect(joinTarget(base, query, path, search)).toBe(joined);
  });
});

describe('cutPrefix', () => {
  it.each([
    ['/bar/rest', '/bar', '/rest'],
    ['/bar', '/bar', ''],
    ['/b%40r/rest', '/b@r', '/rest'],
    ['/a%2Fb/c', '/a/b', '/c'],
    ['/a%2Fb%2Fc', '/a/b', '/c'],
    ['/x/y', '/', '/x/y'],
  ])('%s less %s', (path, prefix, rest) => expect(cutPrefix(path, prefix)).toBe(rest));
});
