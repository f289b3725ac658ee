/** What somebody may put into a token of their own, as scopes and in words. Pure. */
import { ALL, describeScopes, type ScopeRegistry, type ScopeSet } from '../../core/scopes/index.js';

/** Who holds more types them. */
const MAX_CHOICES = 200;

export function grantableScopes(registry: ScopeRegistry, held: ScopeSet, owner: string) {
  const texts = [...held.bases()].sort().flatMap((base) => formsOf(held, base, owner));
  return describeScopes(registry, texts.slice(0, MAX_CHOICES), owner).map((each, at) => ({
    ...each,
    text: texts[at] ?? '',
  }));
}

/** A scope as it may be asked for: everything, or each of what it is held for. */
function formsOf(held: ScopeSet, base: string, owner: string): readonly string[] {
  const grant = held.grant(base);
  if (grant === undefined) return [];
  if (grant === ALL) return [base];
  return Object.entries(grant).flatMap(([kind, names]) =>
    [...names].map((name) =>
      kind === 'user' && name === owner ? `${base}!user` : `${base}!${kind}=${name}`,
    ),
  );
}
