import { INHERIT } from './builtin.js';
import type { ExpandContext } from './expand.js';
import { intersect } from './intersect.js';
import type { ScopeRegistry } from './registry.js';
import { type Membership, NO_MEMBERSHIP } from './scope.js';
import { ScopeSet } from './scope-set.js';

export interface Resolved {
  /** Raw scopes where they are wholly covered, expanded ones where only a part is. Sorted. */
  readonly allowed: readonly string[];
  /** Requested scopes that are not wholly covered. Sorted. */
  readonly disallowed: readonly string[];
}

/**
 * Narrows what is asked for to what is held. A scope that is held word for word stays; any other stays when its whole
 * expansion is held, else the held part of its expansion takes its place. In sorted order, so that the answer depends on
 * the input only. (JupyterHub 6.1.1 `_resolve_requested_scopes`)
 */
export function resolveRequested(
  registry: ScopeRegistry,
  requested: Iterable<string>,
  have: Iterable<string>,
  context: ExpandContext,
  membership: Membership = NO_MEMBERSHIP,
): Resolved {
  const held = new Set(have);
  const allowed = new Set<string>();
  const open: string[] = [];
  for (const scope of new Set(requested)) {
    if (held.has(scope)) allowed.add(scope);
    else open.push(scope);
  }
  const heldSet = registry.expand(held, context);
  const disallowed: string[] = [];
  for (const scope of open.sort()) {
    const missing = registry.expand([scope], context).without(registry.expand(allowed, context));
    const granted = missing.size === 0 ? ScopeSet.EMPTY : intersect(missing, heldSet, membership);
    // What does not exist expands to nothing, and nothing would be covered by anything.
    if (granted.equals(missing) && registry.problem(scope) === undefined) {
      allowed.add(scope);
      continue;
    }
    for (const text of granted.toList()) allowed.add(text);
    disallowed.push(scope);
  }
  return { allowed: [...allowed].sort(), disallowed };
}

/**
 * The part of a token's scopes that exceeds its owner; empty when the token may be made. `inherit` exceeds nothing.
 * @param owned all that the owner may do, shares included
 */
export function excessScopes(
  registry: ScopeRegistry,
  scopes: Iterable<string>,
  owned: ScopeSet,
  context: ExpandContext,
  membership: Membership = NO_MEMBERSHIP,
): readonly string[] {
  const named = [...scopes].filter((scope) => scope !== INHERIT);
  const wanted = registry.expand(named, context);
  return wanted.without(intersect(wanted, owned, membership)).toList();
}
