import { homedir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literal } from './render/values.js';
import * as t from './traits.js';
import { TraitError } from './traits.js';

/** Texts and their readings as observed in traitlets 5.16 and jupyterhub.traitlets 6.1.1. */
describe('reading texts of the command line', () => {
  it.each<[string, t.Kind<unknown>, string, unknown]>([
    ['a whole number', t.integer(), ' 1_000 ', 1000],
    ['a negative number', t.integer(), '-3', -3],
    ['a float', t.float(), '1e-3', 0.001],
    ['a float without digits before the point', t.float(), '.5', 0.5],
    ['a truth value', t.bool(), 'TRUE', true],
    ['a truth value as a digit', t.bool(), '0', false],
    ['a text', t.unicode(), 'a b', 'a b'],
    ['a quoted text', t.unicode(), '"a b"', 'a b'],
    ['a home directory', t.unicode(), '~/x', `${homedir()}/x`],
    ['None where it is allowed', t.optional(t.unicode()), 'None', null],
    ['None where it is a text', t.unicode(), 'None', 'None'],
    ['an enumerated number', t.enumeration([10, 'DEBUG'], 10), '10', 10],
    ['an enumerated word', t.enumeration([10, 'DEBUG'], 10), 'DEBUG', 'DEBUG'],
    [
      'an enumerated word in any case',
      t.enumeration(['info', 'warn'], 'info', { caseless: true }),
      'WARN',
      'warn',
    ],
    ['bytes with a unit', t.byteSpecification(), '1.5G', 1.5 * 1024 ** 3],
    ['bytes without one', t.byteSpecification(), '1024', 1024],
    ['a URL path', t.urlPrefix(), 'hub', '/hub/'],
    ['a union, first member that fits', t.union([t.integer(), t.unicode()], 0), '7', 7],
    ['a union, second member', t.union([t.integer(), t.unicode()], 0), 'seven', 'seven'],
  ])('%s', (_what, kind, text, expected) => {
    expect(kind.parseString(text)).toEqual(expected);
  });

  it.each<[string, t.Kind<unknown>, string]>([
    ['a fraction for a whole number', t.integer(), '1.5'],
    ['a number beyond its bounds', t.integer(0, { max: 65535 }), '65536'],
    ['yes for a truth value', t.bool(), 'yes'],
    ['an unknown word', t.enumeration(['a', 'b'], 'a'), 'c'],
    ['bytes with a small unit letter', t.byteSpecification(), '1g'],
    ['bytes with a unit of two letters', t.byteSpecification(), '1Gi'],
    ['a function', t.callable(), 'f'],
  ])('refuses %s', (_what, kind, text) => {
    expect(() => kind.parseString(text)).toThrow(TraitError);
  });
});

/** As observed in traitlets 5.16, from a configuration file. */
describe('values of a file', () => {
  it.each<[string, t.Kind<unknown>, unknown, unknown]>([
    ['1 as a truth value', t.bool(), 1, true],
    ['0 as a truth value', t.bool(true), 0, false],
    [
      "Python's octets as a text, where they are ASCII",
      t.unicode(),
      new TextEncoder().encode('ab12'),
      'ab12',
    ],
    ['a truth value as a number', t.integer(), true, 1],
  ])('%s', (_what, kind, value, expected) => {
    expect(kind.parse(value)).toEqual(expected);
  });

  it.each<[string, t.Kind<unknown>, unknown]>([
    ['2 as a truth value', t.bool(), 2],
    ['a text as a truth value', t.bool(), 'True'],
    ['octets that are no ASCII', t.unicode(), new Uint8Array([0xe4])],
    ['no program', t.command(['x']), []],
  ])('refuses %s', (_what, kind, value) => {
    expect(() => kind.parse(value)).toThrow(TraitError);
  });

  it.each([null, undefined])('says of %s that an environment variable may be missing', (value) => {
    expect(() => t.unicode().parse(value)).toThrow(
      `expected a text, got nothing (${value}); is an environment variable missing?`,
    );
  });
});

describe('containers', () => {
  it.each<[string, t.Kind<unknown>, readonly string[], unknown]>([
    ['a list of one', t.list(t.unicode()), ['a'], ['a']],
    ['a list of several', t.list(t.integer()), ['1', '2'], [1, 2]],
    ['a list as a Python literal', t.list(t.unicode()), ["['a', 'b',]"], ['a', 'b']],
    ['a list as a tuple', t.list(t.unicode()), ["('a',)"], ['a']],
    ['a set', t.set(t.unicode()), ['a', 'b', 'a'], new Set(['a', 'b'])],
    ['a set as a literal', t.set(t.unicode()), ["{'a'}"], new Set(['a'])],
    ['the empty set', t.set(t.unicode()), ['{}'], new Set()],
    ['a dictionary', t.dict(t.integer()), ['a=1', 'b=2'], { a: 1, b: 2 }],
    ['a dictionary whose value holds =', t.dict(t.unicode()), ['a=b=c'], { a: 'b=c' }],
    ['a dictionary as a literal', t.dict(t.anything), ["{'a': [1, None, True]}"], { a: [1, null, true] }],
    ['a dictionary as JSON', t.dict(t.anything), ['{"a": {"b": false}}'], { a: { b: false } }],
    ['a command of one word', t.command(), ['x'], ['x']],
  ])('reads %s', (_what, kind, texts, expected) => {
    expect({ got: kind.parseStrings?.(texts) }).toEqual({ got: expected });
  });

  it('name the element that is wrong', () => {
    expect(() => t.list(t.dict(t.integer())).parse([{ a: 1 }, { b: 'x' }])).toThrow(
      /^\[1\]\["b"\]: expected a whole number/,
    );
  });

  it('take a command as one string or a list', () => {
    expect(t.command().parse('x')).toEqual(['x']);
    expect(t.command().parse(['x', '-y'])).toEqual(['x', '-y']);
    expect(t.command([], { mayBeEmpty: true }).parse([])).toEqual([]);
  });

  it('keep keys such as __proto__ as plain keys', () => {
    const parsed = t.dict(t.anything).parse(JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('take a Map, a Set and an object without prototype', () => {
    expect(t.dict(t.integer()).parse(new Map([['a', 1]]))).toEqual({ a: 1 });
    expect(t.set(t.integer()).parse([1, 1])).toEqual(new Set([1]));
    expect(() => t.dict(t.anything).parse(new Date())).toThrow(TraitError);
  });
});

describe('properties', () => {
  const json = fc.jsonValue({ maxDepth: 3 });

  it('a literal that we write is read back the same', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          json,
        ),
        (value) => {
          const text = literal(value);
          if (text === '{}') return;
          const read = t.dict(t.anything).parseStrings?.([text]);
          expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });

  it('nothing but a TraitError comes out of any text', () => {
    const kinds = [
      t.integer(),
      t.float(),
      t.bool(),
      t.unicode(),
      t.list(t.anything),
      t.set(t.integer()),
      t.dict(t.anything),
      t.byteSpecification(),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'[](){}\'",:=\\ux1-.eE_ b') })),
        (kind, text) => {
          for (const read of [
            () => kind.parseString(text),
            () => (kind as t.Kind<unknown>).parseStrings?.([text]),
          ]) {
            try {
              read();
            } catch (error) {
              expect(error).toBeInstanceOf(TraitError);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('whole numbers survive their text', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => t.integer().parseString(String(number)) === number),
    );
  });
});
