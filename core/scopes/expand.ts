import { SELF, SELF_SCOPES } from './builtin.js';
import { PLACEHOLDERS, splitScope } from './scope.js';
import { ScopeSet } from './scope-set.js';

/** Who holds the scopes: `self` and `!user` are about a user, `!service` about a service. */
export interface ScopeOwner {
  readonly kind: 'user' | 'service' | 'group';
  readonly name: string;
}

/** The server or service whose OAuth client issued the token; a client of neither has no place here. */
export type IssuingClient =
  | { readonly kind: 'server'; readonly user: string; readonly server: string }
  | { readonly kind: 'service'; readonly name: string };

export interface ExpandContext {
  readonly owner?: ScopeOwner | undefined;
  readonly client?: IssuingClient | undefined;
}

/** Base to itself and all that it implies; `undefined` when there is no such scope. */
export type Implications = (base: string) => readonly string[] | undefined;

/**
 * Raw scopes to what they permit: subscopes with the same filter, placeholders replaced by their targets, `self`
 * replaced by the owner's own scopes. What has no target or does not exist is dropped and reported.
 */
export function expand(
  raw: Iterable<string>,
  context: ExpandContext,
  implications: Implications,
  onDropped: (scope: string) => void,
): ScopeSet {
  const targets = placeholderTargets(context);
  const expanded: string[] = [];
  for (const text of raw) {
    const { base, filter } = splitScope(text);
    if (base === SELF && filter === '') {
      if (context.owner?.kind === 'user') expanded.push(...selfScopes(context.owner.name, implications));
      else onDropped(text);
      continue;
    }
    const implied = implications(base);
    const target = PLACEHOLDERS.has(filter) ? targets.get(filter) : filter;
    if (implied === undefined || target === undefined) onDropped(text);
    else expanded.push(...withFilter(implied, target));
  }
  return ScopeSet.parse(expanded, onDropped);
}

function withFilter(bases: readonly string[], filter: string): readonly string[] {
  if (filter === '') return bases;
  // A server is no user: `servers!server=a/b` must not read users through an implied `read:users:name`.
  const kept = filter.startsWith('server') ? bases.filter((base) => !base.startsWith('read:user')) : bases;
  return kept.map((base) => `${base}!${filter}`);
}

function selfScopes(user: string, implications: Implications): readonly string[] {
  return SELF_SCOPES.flatMap((base) => withFilter(implications(base) ?? [], `user=${user}`));
}

function placeholderTargets({ owner, client }: ExpandContext): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  if (owner?.kind === 'user') targets.set('user', `user=${owner.name}`);
  if (owner?.kind === 'service') targets.set('service', `service=${owner.name}`);
  if (client?.kind === 'service') targets.set('service', `service=${client.name}`);
  if (client?.kind === 'server') targets.set('server', `server=${client.user}/${client.server}`);
  return targets;
}
