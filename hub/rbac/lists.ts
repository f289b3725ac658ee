import { Fault } from '../../core/fault.js';
import { ALL, type FilterKind, type Grant, type ScopeSet } from '../../core/scopes/index.js';

/** Which users a list may show: all, or those named and those in the named groups. */
export type VisibleUsers = 'all' | { readonly users: readonly string[]; readonly groups: readonly string[] };
export type VisibleNames = 'all' | readonly string[];

/**
 * The rows that a holder of `list:users` may see; the shape of the store's query.
 * @throws Fault 403 when the holding has a filter that says nothing about users, instead of showing all of them
 */
export function visibleUsers(scopes: ScopeSet): VisibleUsers {
  const grant = scopes.grant('list:users');
  if (grant === ALL) return 'all';
  refuseUnless(grant, ['user', 'group']);
  return { users: [...(grant.user ?? [])], groups: [...(grant.group ?? [])] };
}

/** The same for `list:groups`, whose only filter is the group's name. @throws Fault 403 */
export function visibleGroups(scopes: ScopeSet): VisibleNames {
  const grant = scopes.grant('list:groups');
  if (grant === ALL) return 'all';
  refuseUnless(grant, ['group']);
  return [...(grant.group ?? [])];
}

/** The same for `list:services`; a filter of another kind shows no service. */
export function visibleServices(scopes: ScopeSet): VisibleNames {
  const grant = scopes.grant('list:services');
  return grant === ALL ? 'all' : [...(grant?.service ?? [])];
}

function refuseUnless(
  grant: Grant | undefined,
  kinds: readonly FilterKind[],
): asserts grant is Exclude<Grant, typeof ALL> {
  const fits =
    grant !== undefined &&
    grant !== ALL &&
    Object.keys(grant).every((kind) => kinds.includes(kind as FilterKind));
  if (!fits) throw new Fault('ACCESS_DENIED', '', { status: 403 });
}
