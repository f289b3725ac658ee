import { describe, expect, it } from 'vitest';
import { filePattern } from './file-pattern.js';

describe('patterns of domains', () => {
  it.each([
    ['x.org', 'x.org', true],
    ['x.org', 'xxorg', false],
    ['*.x.org', 'lab.x.org', true],
    ['*.x.org', 'x.org', false],
    ['x.org*', 'x.org.evil', true],
    ['?.org', 'x.org', true],
    ['?.org', '.org', false],
    ['[ab-d].org', 'c.org', true],
    ['[!a].org', 'a.org', false],
    ['[!a].org', 'b.org', true],
    ['[^a].org', 'a.org', true],
    ['[]].org', '].org', true],
    ['[x.org', '[x.org', true],
    ['a+b(c)|d$', 'a+b(c)|d$', true],
    ['', '', true],
  ])('%s and %s: %s, as in Python’s fnmatch', (pattern, text, matches) => {
    expect(filePattern(pattern).test(text)).toBe(matches);
  });

  it('with a range that ends before it begins are none', () => {
    expect(() => filePattern('[z-a]')).toThrow(SyntaxError);
  });
});
