import { describe, expect, it } from 'vitest';
import { holdsAccessScope } from './access-check.js';
import { describeScopes } from './describe.js';
import { usersInQuestion } from './intersect.js';
import { ScopeRegistry } from './registry.js';
import { resolveRequested } from './resolve.js';
import { ScopeSet } from './scope-set.js';
import { shareScopes } from './share.js';

describe('ScopeSet', () => {
  it('never lets a filtered holding satisfy a requirement without a target (GHSA-69wv-m5fw-2fhp)', () => {
    for (const filter of ['user=alice', 'group=staff', 'server=alice/', 'service=svc']) {
      const held = ScopeSet.parse([`admin:users!${filter}`]);
      expect(held.contains('admin:users', undefined, { isMember: () => true })).toBe(false);
      expect(held.holdsSome('admin:users')).toBe(true);
    }
  });

  it('drops what is not kind=value and says so', () => {
    const dropped: string[] = [];
    const held = ScopeSet.parse(['users!user', 'users!user=', 'users!role=x', 'tokens'], (text) =>
      dropped.push(text),
    );
    expect(held.toList()).toEqual(['tokens']);
    expect(dropped).toEqual(['users!user', 'users!user=', 'users!role=x']);
  });

  it('keeps everything after the first "=" as the name', () => {
    const held = ScopeSet.parse(['users!user=a!b=c']);
    expect(held.contains('users', { kind: 'user', name: 'a!b=c' })).toBe(true);
    expect(held.toList()).toEqual(['users!user=a!b=c']);
  });

  it('tells the default server from a user of the same name', () => {
    const held = ScopeSet.parse(['access:servers!server=alice/']);
    expect(held.contains('access:servers', { kind: 'server', name: 'alice/' })).toBe(true);
    expect(held.contains('access:servers', { kind: 'server', name: 'alice' })).toBe(false);
    expect(held.contains('access:servers', { kind: 'server', name: 'alice/gpu' })).toBe(false);
    expect(held.contains('access:servers', { kind: 'user', name: 'alice' })).toBe(false);
  });

  it('a placeholder grants nothing, even to who holds all', () => {
    expect(ScopeSet.parse(['read:users']).containsText('read:users!user')).toBe(false);
    expect(ScopeSet.parse(['read:users']).containsText('read:users!user=')).toBe(false);
  });
});

describe('ScopeRegistry', () => {
  it('gives the same object for the same input in any order', () => {
    const registry = new ScopeRegistry();
    const owner = { kind: 'user', name: 'alice' } as const;
    expect(registry.expand(['tokens', 'self'], { owner })).toBe(
      registry.expand(['self', 'tokens', 'self'], { owner }),
    );
    expect(registry.expand(['self'], { owner })).not.toBe(
      registry.expand(['self'], { owner: { kind: 'user', name: 'bob' } }),
    );
  });

  it('does not mix up owners, clients and scopes whose texts run together', () => {
    const registry = new ScopeRegistry();
    const asUser = registry.expand(['read:users!user'], { owner: { kind: 'user', name: 'x' } });
    const asService = registry.expand(['read:users!user'], { owner: { kind: 'service', name: 'x' } });
    expect(asUser.toList()).toContain('read:users!user=x');
    expect(asService.size).toBe(0);
  });

  it('drops a stored scope that no longer exists instead of failing the request', () => {
    const dropped: string[] = [];
    const registry = new ScopeRegistry((scope) => dropped.push(scope));
    expect(registry.expand(['custom:gone', 'tokens!user=a']).toList()).toEqual([
      'read:tokens!user=a',
      'tokens!user=a',
    ]);
    expect(dropped).toEqual(['custom:gone']);
  });

  it('names every fault of custom_scopes and defines none of them', () => {
    const registry = new ScopeRegistry();
    const { faults } = registry.defineCustom({
      'custom:good': { description: 'x' },
      'custom:none': {},
      'custom:newline\n': { description: 'x' },
      'custom:wrong': { description: 'x', subscopes: ['users', 'custom:missing'] },
    });
    expect(faults).toHaveLength(4);
    expect(registry.has('custom:good')).toBe(false);
  });

  it('a custom scope implies its subscopes, also after something was expanded before', () => {
    const registry = new ScopeRegistry();
    expect(registry.expand(['custom:all']).size).toBe(0);
    const result = registry.defineCustom({
      'custom:all': { description: 'x', subscopes: ['custom:one'], extra: 1 },
      'custom:one': { description: 'y', subscopes: ['custom:all'] },
    });
    expect(result.faults).toEqual([]);
    expect(result.warnings).toEqual(['custom_scopes: "custom:all": unknown key "extra" is ignored']);
    expect(registry.expand(['custom:all!server=a/b']).toList()).toEqual([
      'custom:all!server=a/b',
      'custom:one!server=a/b',
    ]);
  });

  it('an inherited object key is no scope', () => {
    const registry = new ScopeRegistry();
    for (const name of ['constructor', '__proto__', 'toString']) expect(registry.has(name)).toBe(false);
  });
});

describe('resolveRequested', () => {
  it('does not depend on the order of the request', () => {
    const registry = new ScopeRegistry();
    const context = { owner: { kind: 'user', name: 'alice' } } as const;
    const requested = ['servers', 'read:users', 'admin:users', 'tokens!user=alice', 'nope'];
    const one = resolveRequested(registry, requested, ['self'], context);
    const other = resolveRequested(registry, [...requested].reverse(), ['self'], context);
    expect(one).toEqual(other);
    expect(one.allowed).not.toContain('nope');
    expect(one.disallowed).toContain('nope');
  });
});

describe('usersInQuestion', () => {
  it('lists users that only a group of the other side could cover', () => {
    const a = ScopeSet.parse([
      'servers!user=u1',
      'servers!server=u2/x',
      'tokens!user=u3',
      'users!user=u4',
      'users!group=g',
    ]);
    const b = ScopeSet.parse(['servers!group=g', 'tokens!user=u3', 'users!user=u5']);
    expect([...usersInQuestion(a, b)].sort()).toEqual(['u1', 'u2', 'u5']);
  });
});

describe('shareScopes', () => {
  it('moves stored scopes to the present name of their server', () => {
    expect(shareScopes(['access:servers!server=alice/old', 'read:servers'], 'alicia', 'new', false)).toEqual([
      'access:servers!server=alicia/new',
      'read:servers!server=alicia/new',
    ]);
  });
});

describe('describeScopes', () => {
  it('speaks to the person who reads it', () => {
    const registry = new ScopeRegistry();
    const filters = [
      'tokens',
      'tokens!user',
      'tokens!user=bob',
      'tokens!user=al',
      'tokens!group=g',
      'servers!server',
    ];
    expect(describeScopes(registry, filters, 'bob').map(({ scope, filter }) => [scope, filter])).toEqual([
      ['tokens', ''],
      ['tokens', 'only you'],
      ['tokens', 'only you'],
      ['tokens', 'user al'],
      ['tokens', 'users in group g'],
      ['servers', 'only this server'],
    ]);
    expect(describeScopes(registry, ['(no_scope)'])[0]?.description).not.toBe('(no_scope)');
  });
});

describe('holdsAccessScope', () => {
  const server = ['access:servers!server=alice/srv'];
  const owner = ['access:servers!user=alice'];
  it.each([
    [['access:servers'], true, true],
    [['access:servers!user=alice'], true, true],
    [['access:servers!server=alice/srv'], true, false],
    [['access:servers!server=alice/'], false, false],
    [['access:servers!server=alice/srv2'], false, false],
    [['access:servers!user=alice/srv'], false, false],
    [['access:servers!user=ali'], false, false],
    [['access:servers!group=g'], false, false],
    [['access:services', 'self', 'inherit'], false, false],
    [[], false, false],
  ])('%j opens the server: %s, all of the user: %s', (held, opensServer, opensUser) => {
    expect(holdsAccessScope(held, server)).toBe(opensServer);
    expect(holdsAccessScope(held, owner)).toBe(opensUser);
  });

  it('lets nobody in when nothing is required or the requirement is malformed', () => {
    const all = [
      'access:servers',
      'access:servers!user=alice',
      'access:servers!user',
      'access:servers!user=',
    ];
    expect(holdsAccessScope(all, [])).toBe(false);
    expect(
      holdsAccessScope(all, ['access:servers!user', 'access:servers!user=', 'access:servers!role=x']),
    ).toBe(false);
  });
});
