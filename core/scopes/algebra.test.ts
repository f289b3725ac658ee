import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsAccessScope } from './access-check.js';
import { BUILTIN_SCOPES } from './builtin.js';
import { intersect, usersInQuestion } from './intersect.js';
import { ScopeRegistry } from './registry.js';
import { excessScopes, resolveRequested } from './resolve.js';
import { type Membership, NO_MEMBERSHIP, type Resource } from './scope.js';
import { ScopeSet } from './scope-set.js';

// A small world, so that random scopes meet often.
const user = fc.constantFrom('ann', 'bob', 'cy');
const group = fc.constantFrom('g1', 'g2');
const server = fc.tuple(user, fc.constantFrom('', 'gpu')).map(([owner, name]) => `${owner}/${name}`);
const service = fc.constantFrom('s1', 's2');
const resource: fc.Arbitrary<Resource> = fc.oneof(
  fc.record({ kind: fc.constant('user' as const), name: user }),
  fc.record({ kind: fc.constant('group' as const), name: group }),
  fc.record({ kind: fc.constant('server' as const), name: server }),
  fc.record({ kind: fc.constant('service' as const), name: service }),
);
const base = fc.constantFrom(...Object.keys(BUILTIN_SCOPES).filter((name) => name !== 'self'));
const filter = fc.option(resource, { nil: undefined });
const scope = fc.tuple(base, filter).map(([name, of]) => (of ? `${name}!${of.kind}=${of.name}` : name));
const scopes = fc.array(scope, { maxLength: 12 });
const placeholder = fc.constantFrom(
  'self',
  'tokens!user',
  'servers!server',
  'access:services!service',
  'inherit',
);
const rawScopes = fc.array(fc.oneof(scope, placeholder), { maxLength: 12 });
const membership: fc.Arbitrary<Membership> = fc
  .uniqueArray(fc.tuple(user, group), { selector: (pair) => pair.join('/') })
  .map((pairs) => ({ isMember: (u, g) => pairs.some(([pu, pg]) => pu === u && pg === g) }));
const owner = fc.oneof(
  fc.record({ kind: fc.constant('user' as const), name: user }),
  fc.record({ kind: fc.constant('service' as const), name: service }),
);
const client = fc.oneof(
  fc.record({ kind: fc.constant('server' as const), user, server: fc.constantFrom('', 'gpu') }),
  fc.record({ kind: fc.constant('service' as const), name: service }),
);
const context = fc.record({ owner, client }, { requiredKeys: [] });

const registry = new ScopeRegistry();
const parse = (texts: readonly string[]): ScopeSet => ScopeSet.parse(texts);

describe('intersection', () => {
  it('is commutative', () => {
    fc.assert(
      fc.property(scopes, scopes, membership, (a, b, m) => {
        expect(intersect(parse(a), parse(b), m).toList()).toEqual(intersect(parse(b), parse(a), m).toList());
      }),
    );
  });

  it('is idempotent, and absorbs what it made', () => {
    fc.assert(
      fc.property(scopes, scopes, membership, (a, b, m) => {
        expect(intersect(parse(a), parse(a), m).toList()).toEqual(parse(a).toList());
        const both = intersect(parse(a), parse(b), m);
        expect(intersect(both, parse(a), m).toList()).toEqual(both.toList());
      }),
    );
  });

  it('grants exactly what both sides grant, to resources that one side names', () => {
    fc.assert(
      fc.property(scopes, scopes, membership, base, filter, (a, b, m, name, of) => {
        const [left, right] = [parse(a), parse(b)];
        const both = intersect(left, right, m);
        if (both.contains(name, of, m)) {
          expect(left.contains(name, of, m)).toBe(true);
          expect(right.contains(name, of, m)).toBe(true);
        }
      }),
    );
  });

  it('agrees with contains: one scope stays whole exactly if the other side contains it', () => {
    fc.assert(
      fc.property(scopes, base, filter, membership, (a, name, of, m) => {
        const have = parse(a);
        const text = of ? `${name}!${of.kind}=${of.name}` : name;
        // Beside the scope itself narrower ones may stay: of a user and one of their servers, both.
        expect(intersect(have, parse([text]), m).hasText(text)).toBe(have.contains(name, of, m));
      }),
    );
  });

  it('grants more with more memberships, never less', () => {
    fc.assert(
      fc.property(scopes, scopes, membership, (a, b, m) => {
        const without = intersect(parse(a), parse(b), NO_MEMBERSHIP);
        const known = intersect(parse(a), parse(b), m);
        expect(without.without(known).toList()).toEqual([]);
      }),
    );
  });

  it('asks only for the memberships that it announces', () => {
    fc.assert(
      fc.property(scopes, scopes, (a, b) => {
        const announced = usersInQuestion(parse(a), parse(b));
        intersect(parse(a), parse(b), {
          isMember: (name) => {
            expect(announced).toContain(name);
            return false;
          },
        });
      }),
    );
  });
});

describe('expansion', () => {
  it('is idempotent', () => {
    fc.assert(
      fc.property(rawScopes, context, (raw, c) => {
        const once = registry.expand(raw, c);
        expect(registry.expand(once.toList(), c).toList()).toEqual(once.toList());
      }),
    );
  });

  it('is monotone, and the union of its parts', () => {
    fc.assert(
      fc.property(rawScopes, rawScopes, context, (a, b, c) => {
        const all = registry.expand([...a, ...b], c);
        const parts = registry.expand(a, c).union(registry.expand(b, c));
        expect(parts.toList()).toEqual(all.toList());
        for (const text of registry.expand(a, c).toList()) expect(all.containsText(text)).toBe(true);
      }),
    );
  });

  it('leaves no placeholder and no self', () => {
    fc.assert(
      fc.property(rawScopes, context, (raw, c) => {
        for (const text of registry.expand(raw, c).toList()) expect(text).not.toMatch(/^self$|![a-z]+$/);
      }),
    );
  });

  it('text and parsed form are the same set', () => {
    fc.assert(
      fc.property(scopes, (a) => {
        const set = parse(a);
        expect(parse(set.toList()).equals(set)).toBe(true);
        for (const text of set.toList()) expect(set.hasText(text)).toBe(true);
        for (const text of a) expect(set.containsText(text)).toBe(true);
      }),
    );
  });

  it('never fails, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((t) => `users!${t}`),
          ),
        ),
        context,
        (raw, c) => {
          const expanded = registry.expand(raw, c);
          expect(expanded.equals(parse(expanded.toList()))).toBe(true);
        },
      ),
    );
  });
});

describe('a filtered scope', () => {
  it('never satisfies an unfiltered requirement', () => {
    fc.assert(
      fc.property(base, resource, membership, (name, of, m) => {
        expect(parse([`${name}!${of.kind}=${of.name}`]).contains(name, undefined, m)).toBe(false);
      }),
    );
  });
});

describe('resolving a request', () => {
  it('never gives more than is held', () => {
    fc.assert(
      fc.property(rawScopes, rawScopes, context, membership, (requested, have, c, m) => {
        const { allowed } = resolveRequested(registry, requested, have, c, m);
        const held = registry.expand(have, c);
        const given = registry.expand(allowed, c);
        expect(given.without(intersect(given, held, m)).toList()).toEqual([]);
      }),
    );
  });

  it('gives all that is asked for by who holds it', () => {
    fc.assert(
      fc.property(rawScopes, rawScopes, context, (requested, more, c) => {
        const resolved = resolveRequested(registry, requested, [...requested, ...more], c);
        expect(resolved).toEqual({ allowed: [...new Set(requested)].sort(), disallowed: [] });
      }),
    );
  });

  it('a token that passes the check has all that it asks for', () => {
    fc.assert(
      fc.property(rawScopes, rawScopes, context, membership, (wanted, have, c, m) => {
        const owned = registry.expand(have, c);
        const excess = excessScopes(registry, wanted, owned, c, m);
        const asked = registry.expand(
          wanted.filter((text) => text !== 'inherit'),
          c,
        );
        const every = asked.toList().every((text) => owned.containsText(text, m));
        expect(excess.length === 0).toBe(every);
      }),
    );
  });
});

describe("a server's own check", () => {
  it('is the hub’s containment without groups', () => {
    fc.assert(
      fc.property(scopes, base, resource, (held, name, of) => {
        const required = `${name}!${of.kind}=${of.name}`;
        expect(holdsAccessScope(held, [required])).toBe(parse(held).containsText(required));
      }),
    );
  });
});
