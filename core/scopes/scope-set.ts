import {
  FILTER_KINDS,
  type FilterKind,
  type Membership,
  NO_MEMBERSHIP,
  parseFilter,
  type Resource,
  serverOwner,
  splitScope,
} from './scope.js';

/** A base held for every resource. */
export const ALL = 'all';

/** The resources for which a base is held; a kind that is absent grants nothing, a present one is never empty. */
export type Filters = Readonly<Partial<Record<FilterKind, ReadonlySet<string>>>>;

export type Grant = typeof ALL | Filters;

/**
 * An immutable set of expanded scopes in parsed form: base to ALL or to named resources. A check is one map look-up and
 * at most a few set look-ups; nothing is parsed on the way.
 */
export class ScopeSet {
  static readonly EMPTY = new ScopeSet(new Map());

  readonly #grants: ReadonlyMap<string, Grant>;
  #list: readonly string[] | undefined;

  /** The map must not change afterwards. */
  constructor(grants: ReadonlyMap<string, Grant>) {
    this.#grants = grants;
  }

  /**
   * Parses expanded scopes; an unfiltered base swallows its filtered forms. A filter that is not `kind=value` (an
   * unresolved placeholder, an empty value) grants nothing and goes to `onInvalid`.
   */
  static parse(texts: Iterable<string>, onInvalid?: (text: string) => void): ScopeSet {
    const grants = new Map<string, OpenGrant>();
    for (const text of texts) {
      const { base, filter } = splitScope(text);
      if (filter === '') {
        grants.set(base, ALL);
        continue;
      }
      const resource = parseFilter(filter);
      if (resource) addTo(grants, base, resource);
      else onInvalid?.(text);
    }
    return grants.size === 0 ? ScopeSet.EMPTY : new ScopeSet(grants);
  }

  get size(): number {
    return this.#grants.size;
  }

  bases(): IterableIterator<string> {
    return this.#grants.keys();
  }

  grant(base: string): Grant | undefined {
    return this.#grants.get(base);
  }

  /** Whether the base is held in any form, filtered or not. */
  holdsSome(base: string): boolean {
    return this.#grants.has(base);
  }

  /**
   * Whether the base is held for the resource. Without a resource only an unfiltered holding passes: a filter can
   * never satisfy a requirement that names nothing (GHSA-69wv-m5fw-2fhp).
   */
  contains(base: string, resource?: Resource, membership: Membership = NO_MEMBERSHIP): boolean {
    const grant = this.#grants.get(base);
    if (grant === undefined) return false;
    if (grant === ALL) return true;
    return resource !== undefined && covers(grant, resource, membership);
  }

  /** `contains` for a text; a placeholder or a malformed filter is never contained. */
  containsText(text: string, membership: Membership = NO_MEMBERSHIP): boolean {
    const { base, filter } = splitScope(text);
    if (filter === '') return this.contains(base);
    const resource = parseFilter(filter);
    return resource !== undefined && this.contains(base, resource, membership);
  }

  /** Whether exactly this text is one of the expanded scopes. */
  hasText(text: string): boolean {
    const { base, filter } = splitScope(text);
    const grant = this.#grants.get(base);
    if (grant === undefined) return false;
    if (filter === '' || grant === ALL) return filter === '' && grant === ALL;
    const resource = parseFilter(filter);
    return resource !== undefined && (grant[resource.kind]?.has(resource.name) ?? false);
  }

  /** All scopes as text, sorted. */
  toList(): readonly string[] {
    this.#list ??= Object.freeze([...unparse(this.#grants)].sort());
    return this.#list;
  }

  union(other: ScopeSet): ScopeSet {
    if (other.size === 0 || other === this) return this;
    if (this.size === 0) return other;
    const grants = new Map(this.#grants);
    for (const [base, grant] of other.#grants) grants.set(base, mergeGrants(grants.get(base), grant));
    return new ScopeSet(grants);
  }

  /** The scopes of this set whose exact text the other does not have. */
  without(other: ScopeSet): ScopeSet {
    return ScopeSet.parse(this.toList().filter((text) => !other.hasText(text)));
  }

  equals(other: ScopeSet): boolean {
    if (this === other) return true;
    const mine = this.toList();
    const theirs = other.toList();
    return mine.length === theirs.length && mine.every((text, index) => text === theirs[index]);
  }
}

/** server is covered by itself, its owner, or a group of its owner; a user by itself or a group; others by themselves. */
function covers(filters: Filters, resource: Resource, membership: Membership): boolean {
  if (filters[resource.kind]?.has(resource.name)) return true;
  if (resource.kind !== 'user' && resource.kind !== 'server') return false;
  const user = resource.kind === 'user' ? resource.name : serverOwner(resource.name);
  if (resource.kind === 'server' && filters.user?.has(user)) return true;
  for (const group of filters.group ?? []) if (membership.isMember(user, group)) return true;
  return false;
}

/** A grant while it is being built. */
type OpenGrant = typeof ALL | Partial<Record<FilterKind, Set<string>>>;

function addTo(grants: Map<string, OpenGrant>, base: string, resource: Resource): void {
  const grant = grants.get(base) ?? {};
  if (grant === ALL) return;
  const names = grant[resource.kind];
  if (names) names.add(resource.name);
  else grant[resource.kind] = new Set([resource.name]);
  grants.set(base, grant);
}

function mergeGrants(a: Grant | undefined, b: Grant): Grant {
  if (a === undefined) return b;
  if (a === ALL || b === ALL) return ALL;
  const merged: Partial<Record<FilterKind, ReadonlySet<string>>> = { ...a };
  for (const kind of FILTER_KINDS) {
    const more = b[kind];
    if (more) merged[kind] = new Set([...(a[kind] ?? []), ...more]);
  }
  return merged;
}

function* unparse(grants: ReadonlyMap<string, Grant>): Iterable<string> {
  for (const [base, grant] of grants) {
    if (grant === ALL) {
      yield base;
      continue;
    }
    for (const kind of FILTER_KINDS) for (const name of grant[kind] ?? []) yield `${base}!${kind}=${name}`;
  }
}
