import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValidDisplayName, isValidServerName, safeSlug, slug } from './slug.js';

describe('slugs', () => {
  it('are valid server names, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        expect(isValidServerName(slug(name))).toBe(true);
        expect(isValidServerName(safeSlug(name))).toBe(true);
      }),
    );
  });
  it.each(['', 'a\n', 'a-', '-a', '1', 'A', 'a_b', 'a'.repeat(31)])(
    '%j is no name for a new server',
    (name) => {
      expect(isValidServerName(name)).toBe(false);
    },
  );
});

describe('display names', () => {
  it.each([
    ['My Server ☃ 2', true],
    ['', false],
    [' a', false],
    ['a ', false],
    ['a  b', false],
    ['a\tb', false],
    ['a\u202eb', false],
    ['\u00a0', false],
    ['x'.repeat(255), true],
    ['x'.repeat(256), false],
    ['😀'.repeat(255), true],
  ])('%j: %s', (name, valid) => expect(isValidDisplayName(name)).toBe(valid));
});
