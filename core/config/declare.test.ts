import { describe, expect, it } from 'vitest';
import type { ClassDeclaration } from './declare.js';
import { declareClass, defaults, resolve } from './declare.js';
import * as t from './traits.js';
import type { ConfigTree, Setting } from './tree.js';

const Animal = declareClass({
  name: 'Animal',
  help: 'An animal.',
  traits: {
    legs: t.integer(4, { help: 'Count.' }),
    names: t.list(t.unicode(), ['x'], { help: 'Names.' }),
    secret: t.optional(t.unicode('', { help: 'Hidden.', secret: true })),
    keep: t.set(t.unicode(), new Set(['a']), { help: 'Kept.', env: 'ANIMAL_KEEP' }),
  },
  rules: ({ legs }) => (legs < 0 ? [{ trait: 'legs', message: 'must not be negative' }] : []),
});
const Bird = declareClass({
  name: 'Bird',
  parent: Animal,
  help: 'A bird.',
  defaults: { legs: 2 },
  traits: { wings: t.integer(2, { help: 'Wings.' }), feathers: t.bool(false, { help: 'Has feathers.' }) },
  derive: (values, isSet) => ({ feathers: isSet('feathers') ? values.feathers : values.wings > 0 }),
});

function tree(sections: Record<string, Record<string, Setting[]>>): ConfigTree {
  return new Map(Object.entries(sections).map(([name, traits]) => [name, new Map(Object.entries(traits))]));
}
const value = (given: unknown): Setting => ({ kind: 'value', value: given, source: 'test' });
const texts = (...given: string[]): Setting => ({ kind: 'texts', texts: given, source: 'flag' });

describe('declared classes', () => {
  it('gives defaults, typed, with those of the subclass and what follows from them', () => {
    const bird = defaults(Bird);
    const legs: number = bird.legs;
    expect(legs).toBe(2);
    expect(bird).toMatchObject({ wings: 2, feathers: true, names: ['x'], secret: null });
  });

  it('applies a section of the parent, and lets the own section win', () => {
    const config = tree({ Animal: { legs: [value(6)], names: [value(['p'])] }, Bird: { legs: [value(3)] } });
    expect(resolve(Bird, config).values).toMatchObject({ legs: 3, names: ['p'] });
    expect(resolve(Animal, config).values).toMatchObject({ legs: 6 });
  });

  it('takes a text for a list or a set of one, but not inside another kind', () => {
    const config = tree({ Animal: { names: [value('p')], keep: [value('q')] } });
    expect(resolve(Animal, config).values).toMatchObject({ names: ['p'], keep: new Set(['q']) });
    const nested = declareClass({
      name: 'Nested',
      help: 'Lists in others.',
      traits: { lists: t.list(t.list(t.unicode())), either: t.union([t.list(t.unicode()), t.unicode()], '') },
    });
    const { values, faults } = resolve(
      nested,
      tree({ Nested: { lists: [value('p')], either: [value('p')] } }),
    );
    expect(values.either).toBe('p');
    expect(faults).toMatchObject([{ trait: 'lists' }]);
  });

  it('applies lazy operations to what is there, through parents and the environment', () => {
    const add: Setting = { kind: 'lazy', operations: [{ op: 'add', value: 'b' }], source: 'test' };
    const append: Setting = { kind: 'lazy', operations: [{ op: 'append', value: 'y' }], source: 'test' };
    const config = tree({ Animal: { keep: [add], names: [value(['p'])] }, Bird: { names: [append] } });
    const { values } = resolve(Bird, config, { ANIMAL_KEEP: "['z']" });
    expect(values.names).toEqual(['p', 'y']);
    expect(values.keep).toEqual(new Set(['z', 'b']));
  });

  it('reports every fault at once, with its class, and keeps secrets out of the sentence', () => {
    const config = tree({
      Animal: { legs: [value('many')] },
      Bird: { secret: [value(['hush'])], wings: [texts('1', '2')] },
    });
    const { faults } = resolve(Bird, config);
    expect(faults.map((fault) => [fault.className, fault.trait])).toEqual([
      ['Animal', 'legs'],
      ['Bird', 'secret'],
      ['Bird', 'wings'],
    ]);
    expect(JSON.stringify(faults)).not.toContain('hush');
  });

  it('reads texts as traitlets does: those that are no literal are taken as they stand', () => {
    const names = (...given: string[]) =>
      resolve(Animal, tree({ Animal: { names: [texts(...given)] } })).values.names;
    expect(names('[a]')).toEqual(['[a]']);
    expect(names("['a', 'b']")).toEqual(['a', 'b']);
    expect(names('a', 'b')).toEqual(['a', 'b']);
  });

  it('asks rules only when values are sound', () => {
    expect(resolve(Bird, tree({ Bird: { legs: [value(-1)] } })).faults).toEqual([
      { className: 'Bird', trait: 'legs', source: '', message: 'must not be negative' },
    ]);
  });

  it('refuses a default for a trait that no parent has', () => {
    const declaration = (): ClassDeclaration =>
      declareClass({ name: 'Odd', parent: Animal, help: '', defaults: { wings: 1 } as object, traits: {} });
    expect(declaration).toThrow(/wings/);
  });
});
