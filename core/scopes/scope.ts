/** The text form of a scope: `base[!filter]`, where a filter is `kind=value` or the placeholder `kind`. */

/** The kinds of resource that a filter can name. */
export type FilterKind = 'user' | 'group' | 'server' | 'service';

/** In the order in which texts are written. */
export const FILTER_KINDS: readonly FilterKind[] = ['user', 'group', 'server', 'service'];

/** Placeholders that stand for the owner, or for the server or service of the client that issued a token. */
export const PLACEHOLDERS: ReadonlySet<string> = new Set(['user', 'server', 'service']);

/** One thing a permission is about. A server is named `USER/SERVER`; the default server is `USER/`. */
export interface Resource {
  readonly kind: FilterKind;
  readonly name: string;
}

/** The one question that the algebra asks of the outside. The caller has loaded the answers beforehand. */
export interface Membership {
  isMember(user: string, group: string): boolean;
}

/** For callers that cannot know: grants nothing that depends on a group. */
export const NO_MEMBERSHIP: Membership = { isMember: () => false };

export interface SplitScope {
  readonly base: string;
  /** Text after the first `!`; empty when there is none. */
  readonly filter: string;
}

export function splitScope(text: string): SplitScope {
  const at = text.indexOf('!');
  return at < 0 ? { base: text, filter: '' } : { base: text.slice(0, at), filter: text.slice(at + 1) };
}

/** `kind=value` as a resource; `undefined` for placeholders, unknown kinds and empty values. */
export function parseFilter(filter: string): Resource | undefined {
  const at = filter.indexOf('=');
  if (at < 0 || at === filter.length - 1) return undefined;
  const kind = filterKind(filter.slice(0, at));
  return kind && { kind, name: filter.slice(at + 1) };
}

/** A filter that names nobody: `read:users!user=`. */
export function hasEmptyFilter(text: string): boolean {
  const { filter } = splitScope(text);
  return filter.endsWith('=') && filterKind(filter.slice(0, -1)) !== undefined;
}

function filterKind(text: string): FilterKind | undefined {
  return FILTER_KINDS.find((kind) => kind === text);
}

/** The user part of `USER/SERVER`. */
export function serverOwner(server: string): string {
  const at = server.indexOf('/');
  return at < 0 ? server : server.slice(0, at);
}
