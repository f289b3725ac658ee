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
  const implied = identifyScopes(scopeOwner(owner));
  // Mostly they are held anyhow: the set stays the same object, of which more is known already.
  const reading = implied.every((text) => scopes.containsText(text))
    ? scopes
    : scopes.union(ScopeSet.parse(implied));
  return { reading, shown: scopes.toList() };
}
