import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ExpandContext, IssuingClient } from './expand.js';
import { intersect } from './intersect.js';
import { ScopeRegistry } from './registry.js';
import { resolveRequested } from './resolve.js';
import type { Membership } from './scope.js';

// Random questions that JupyterHub 6.1.1's own functions answered (test/compat/record/scope_random.py).
interface Case {
  readonly owner: string;
  readonly client: 'hub' | 'server' | 'service';
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly checks: readonly string[];
  readonly expanded: readonly string[];
  readonly intersection: readonly string[];
  readonly contained: readonly boolean[];
  /** For users only. */
  readonly allowed?: readonly string[];
  readonly disallowed?: readonly string[];
}

const recorded: {
  readonly membership: Readonly<Record<string, readonly string[]>>;
  readonly cases: readonly Case[];
} = JSON.parse(readFileSync(new URL('../../test/fixtures/scope-random.json', import.meta.url), 'utf8'));

const CLIENTS: Readonly<Record<Case['client'], IssuingClient | undefined>> = {
  hub: undefined,
  server: { kind: 'server', user: 'ann', server: 'gpu' },
  service: { kind: 'service', name: 's1' },
};
const membership: Membership = {
  isMember: (user, group) => recorded.membership[group]?.includes(user) ?? false,
};
const registry = new ScopeRegistry();

function contextOf({ owner, client }: Case): ExpandContext {
  return { owner: { kind: owner === 's1' ? 'service' : 'user', name: owner }, client: CLIENTS[client] };
}

describe('random questions', () => {
  it('there are some, of every kind', () => {
    expect(recorded.cases.length).toBeGreaterThan(100);
    for (const key of ['expanded', 'intersection', 'allowed', 'disallowed'] as const) {
      expect(recorded.cases.filter((found) => (found[key]?.length ?? 0) > 0).length).toBeGreaterThan(20);
    }
    expect(recorded.cases.flatMap((found) => found.contained).filter(Boolean).length).toBeGreaterThan(20);
  });

  it.each(recorded.cases.map((found, index) => [index, found] as const))('%i', (_, found) => {
    const context = contextOf(found);
    const a = registry.expand(found.a, context);
    expect(a.toList()).toEqual(found.expanded);
    expect(intersect(a, registry.expand(found.b, context), membership).toList()).toEqual(found.intersection);
    expect(found.checks.map((check) => a.containsText(check, membership))).toEqual(found.contained);
    if (!found.allowed) return;
    const { allowed, disallowed } = resolveRequested(registry, found.a, found.b, context, membership);
    expect({ allowed, disallowed }).toEqual({ allowed: found.allowed, disallowed: found.disallowed });
  });
});
