import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathTrie } from './trie.js';

function trie(...paths: readonly string[]): PathTrie<string> {
  const made = new PathTrie<string>();
  for (const path of paths) made.set(path, path);
  return made;
}

/** Numbers are those of CHP's own suite. */
describe('PathTrie', () => {
  it('60: the root catches all, the empty path too', () => {
    const root = trie('/');
    for (const path of ['/', '', '/a', '/a/b/c', '//']) expect(root.find(path)).toBe('/');
  });

  it('62: longest match on segment borders, nothing where nothing is', () => {
    const some = trie('/a', '/a/b/c', '/b/c');
    expect(some.find('/a/b')).toBe('/a');
    expect(some.find('/a/b/c/d')).toBe('/a/b/c');
    expect(some.find('/a/b/c/')).toBe('/a/b/c');
    expect(some.find('/a/b/cx')).toBe('/a');
    expect(some.find('/b/cx')).toBeUndefined();
    expect(some.find('/ab')).toBeUndefined();
    expect(some.find('//a')).toBeUndefined();
    expect(some.find('/b//c')).toBeUndefined();
  });

  it('63: removing keeps what is below and prunes what leads nowhere', () => {
    const some = trie('/', '/a', '/a/b/c');
    some.delete('/a');
    expect(some.find('/a/x')).toBe('/');
    expect(some.find('/a/b/c')).toBe('/a/b/c');
    some.delete('/a/b/c');
    some.delete('/never/there');
    some.delete('/');
    expect(some.find('/')).toBeUndefined();
    expect(some.empty).toBe(true);
  });

  it('64: a branch shadows no shorter prefix', () => {
    const some = trie('/a', '/a/b/c/d');
    expect(some.find('/a/b/c')).toBe('/a');
    some.set('/a/b', '/a/b');
    expect(some.find('/a/b/c')).toBe('/a/b');
  });

  it('65: removing the first leaf keeps the root', () => {
    const some = trie('/', '/a');
    some.delete('/a');
    expect(some.find('/a')).toBe('/');
  });

  it('names of Object are names', () => {
    const some = trie('/', '/__proto__/x');
    expect(some.find('/constructor')).toBe('/');
    expect(some.find('/__proto__')).toBe('/');
    expect(some.find('/__proto__/x/y')).toBe('/__proto__/x');
  });

  it('agrees with the definition', () => {
    const segment = fc.constantFrom('a', 'b', 'ab', '__proto__', 'constructor');
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    const change = fc.record({ path, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.array(path, { minLength: 1 }), (changes, asked) => {
        const made = new PathTrie<string>();
        const stored = new Set<string>();
        for (const each of changes) {
          if (each.remove) {
            made.delete(each.path);
            stored.delete(each.path);
          } else {
            made.set(each.path, each.path);
            stored.add(each.path);
          }
        }
        for (const one of asked) expect(made.find(one)).toBe(longest(stored, one));
        for (const one of stored) made.delete(one);
        expect(made.empty).toBe(true);
      }),
    );
  });
});

function longest(stored: ReadonlySet<string>, path: string): string | undefined {
  const fits = (prefix: string): boolean =>
    prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
  return [...stored].filter(fits).sort((one, other) => other.length - one.length)[0];
}
