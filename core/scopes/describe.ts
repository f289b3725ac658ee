import type { ScopeRegistry } from './registry.js';
import { splitScope } from './scope.js';

/** One line of the page on which a person lets an application act for them. */
export interface ScopeDescription {
  readonly scope: string;
  readonly description: string;
  /** For whom or what; empty: for everything. */
  readonly filter: string;
}

/** Raw scopes in words, in the order given. `username` is who reads it: their own name becomes "only you". */
export function describeScopes(
  registry: ScopeRegistry,
  raw: Iterable<string>,
  username?: string,
): readonly ScopeDescription[] {
  return [...raw].map((text) => {
    const { base, filter } = splitScope(text);
    const description = registry.definition(base)?.description ?? base;
    return { scope: base, description, filter: filterInWords(filter, username) };
  });
}

function filterInWords(filter: string, username: string | undefined): string {
  const at = filter.indexOf('=');
  if (at < 0) {
    if (filter === '') return '';
    return filter === 'user' ? 'only you' : `only this ${filter}`;
  }
  const kind = filter.slice(0, at);
  const name = filter.slice(at + 1);
  if (kind === 'user' && name === username) return 'only you';
  return kind === 'group' ? `users in group ${name}` : `${kind} ${name}`;
}
