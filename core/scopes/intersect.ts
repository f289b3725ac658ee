import { FILTER_KINDS, type FilterKind, type Membership, NO_MEMBERSHIP, serverOwner } from './scope.js';
import { ALL, type Filters, type Grant, ScopeSet } from './scope-set.js';

const NOBODY: ReadonlySet<string> = new Set();

/**
 * What both sets permit. Besides equal filters, in both directions: a server stays when the other side holds its owner
 * or a group of its owner; a user stays when the other side holds a group of theirs. Two group filters meet by name only.
 * (JupyterHub 6.1.1 `_intersect_expanded_scopes`)
 */
export function intersect(a: ScopeSet, b: ScopeSet, membership: Membership = NO_MEMBERSHIP): ScopeSet {
  const grants = new Map<string, Grant>();
  for (const base of a.bases()) {
    const left = a.grant(base);
    const right = b.grant(base);
    if (left === undefined || right === undefined) continue;
    const both = intersectGrants(left, right, membership);
    if (both === ALL || Object.keys(both).length > 0) grants.set(base, both);
  }
  return grants.size === 0 ? ScopeSet.EMPTY : new ScopeSet(grants);
}

function intersectGrants(a: Grant, b: Grant, membership: Membership): Grant {
  if (a === ALL) return b;
  if (b === ALL) return a;
  const both: Partial<Record<FilterKind, ReadonlySet<string>>> = {};
  for (const kind of FILTER_KINDS) {
    const names = new Set([...narrowed(a, b, kind, membership), ...narrowed(b, a, kind, membership)]);
    if (names.size > 0) both[kind] = names;
  }
  return both;
}

/** The names of one kind in `from` that `by` covers too. */
function narrowed(from: Filters, by: Filters, kind: FilterKind, membership: Membership): readonly string[] {
  return [...(from[kind] ?? NOBODY)].filter((name) => {
    if (by[kind]?.has(name)) return true;
    if (kind !== 'user' && kind !== 'server') return false;
    const user = kind === 'user' ? name : serverOwner(name);
    if (kind === 'server' && by.user?.has(user)) return true;
    return [...(by.group ?? NOBODY)].some((group) => membership.isMember(user, group));
  });
}

/** The users whose membership `intersect(a, b)` may ask for, so that a caller can load it beforehand. */
export function usersInQuestion(a: ScopeSet, b: ScopeSet): ReadonlySet<string> {
  const users = new Set<string>();
  for (const base of a.bases()) {
    const left = a.grant(base);
    const right = b.grant(base);
    if (left === undefined || right === undefined || left === ALL || right === ALL) continue;
    for (const [named, grouped] of [
      [left, right],
      [right, left],
    ] as const) {
      if (!grouped.group) continue;
      for (const user of named.user ?? NOBODY) users.add(user);
      for (const server of named.server ?? NOBODY) users.add(serverOwner(server));
    }
  }
  return users;
}
