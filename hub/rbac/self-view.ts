import { identifyScopes, ScopeSet } from '../../core/scopes/index.js';
import { type Owner, scopeOwner } from './owner.js';

/**
 * For `GET /user`: every credential may read its owner's name. `reading` filters the model; the answer's `scopes` are
 * `shown`, without what was added for this one request.
 */
export function selfView(
  owner: Owner,
  scopes: ScopeSet,
): { readonly reading: ScopeSet; readonly shown: readonly string[] } {
  return { reading: scopes.union(ScopeSet.parse(identifyScopes(scopeOwner(owner)))), shown: scopes.toList() };
}
